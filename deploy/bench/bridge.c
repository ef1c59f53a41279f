/* What the machine can do: a bridge from market streams to the bus in one thread of C, without library, loop or check.
 *
 *     bridge <stream host> <port> <path> <nats host> <port>
 *
 * Reads as much as the kernel has, cuts the payload out of each text frame, writes a PUB line for it, sends all lines of one
 * read in one piece. Knows trades only: btcusdt@trade becomes binance.md.BTCUSDT.trade.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MOST (256 * 1024)
#define FRAME_MOST (64 * 1024) /* what a frame without an eight-byte length can have */
#define LOOK_EVERY 256         /* reads after which we see whether the bus has sent a PING */

static unsigned char in[READ_MOST + FRAME_MOST + 16];
static char out[3 * sizeof in]; /* a PUB line is shorter than twice the envelope that it replaces */

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static int connect_to(const char *host, const char *port) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port, &hints, &found))
        give_up("getaddrinfo");
    int one = 1, fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen))
        give_up("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    freeaddrinfo(found);
    return fd;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            give_up("send");
        data += sent;
        size -= sent;
    }
}

/* Upgrade the connection; returns how many bytes of frames were read behind the response's head. */
static size_t open_stream(int fd, const char *host, const char *path) {
    int asked = snprintf(out, sizeof out,
                         "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                         path, host);
    send_all(fd, out, asked);
    size_t have = 0;
    unsigned char *end;
    do {
        ssize_t got = recv(fd, in + have, READ_MOST - have, 0);
        if (got <= 0)
            give_up("handshake");
        have += got;
    } while (!(end = memmem(in, have, "\r\n\r\n", 4)));
    end += 4;
    memmove(in, end, have - (end - in));
    return have - (end - in);
}

static size_t decimal(char *at, size_t number) {
    char digits[20];
    size_t count = 0, i = 0;
    do
        digits[count++] = '0' + number % 10;
    while (number /= 10);
    while (count)
        at[i++] = digits[--count];
    return i;
}

/* Write the PUB line of one envelope, {"stream":"btcusdt@trade","data":{...}}; returns where the next one goes. */
static char *line(char *at, const unsigned char *text, size_t size) {
    const unsigned char *name = text + 11, *cut = memmem(text, size, "\",\"data\":", 9);
    if (!cut)
        return at; /* a reply */
    const unsigned char *payload = cut + 9;
    size_t length = size - (payload - text) - 1;
    at = mempcpy(at, "PUB binance.md.", 15);
    while (*name != '@')
        *at++ = toupper(*name++);
    *at++ = '.';
    at = mempcpy(at, name + 1, cut - name - 1);
    *at++ = ' ';
    at += decimal(at, length);
    at = mempcpy(at, "\r\n", 2);
    at = mempcpy(at, payload, length);
    return mempcpy(at, "\r\n", 2);
}

/* Every whole frame of what has been read; returns how many bytes of the last one are left for the next read. */
static size_t take(int bus, size_t have) {
    size_t start = 0;
    char *end = out;
    while (have - start >= 4) {
        size_t length = in[start + 1], body = start + 2;
        if (length == 126) {
            length = (size_t)in[start + 2] << 8 | in[start + 3];
            body = start + 4;
        } else if (length > 126) {
            fprintf(stderr, "a frame that this bridge does not know\n");
            exit(1);
        }
        if (body + length > have)
            break;
        if (in[start] == 0x81)
            end = line(end, in + body, length);
        start = body + length;
    }
    if (end != out)
        send_all(bus, out, end - out);
    memmove(in, in + start, have - start);
    return have - start;
}

int main(int count, char **given) {
    if (count != 6) {
        fprintf(stderr, "usage: bridge <stream host> <port> <path> <nats host> <port>\n");
        return 2;
    }
    int bus = connect_to(given[4], given[5]), stream = connect_to(given[1], given[2]);
    send_all(bus, "CONNECT {\"verbose\":false}\r\n", 27);
    size_t have = open_stream(stream, given[1], given[3]);
    char heard[4096];
    for (unsigned reads = 0;; reads++) {
        ssize_t got = recv(stream, in + have, READ_MOST, 0);
        if (got <= 0)
            return 0;
        have = take(bus, have + got);
        if (reads % LOOK_EVERY == 0) {
            ssize_t said = recv(bus, heard, sizeof heard, MSG_DONTWAIT);
            if (said > 0 && memmem(heard, said, "PING", 4))
                send_all(bus, "PONG\r\n", 6);
        }
    }
}
