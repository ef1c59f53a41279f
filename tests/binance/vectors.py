"""Signatures that Binance publishes, with its published sample keys: payload in, signature out.

Source: "SIGNED Endpoint Examples" of the REST documentation, "SIGNED request example" and the request examples of the
WebSocket API's, the logon example of the FIX API's. RSA has no published private key; its public key follows from two
published signatures, so RSA can only be verified.
"""

HMAC_API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
HMAC_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ED25519_API_KEY = "sBRXrJx2DsOraMXOaUovEhgVRcjOvCtQwnWj8VxkOh1xqboS02SPGfKi2h8spZJb"
ED25519_PEM = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
-----END PRIVATE KEY-----"""
RSA_API_KEY = "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ"

REST_ORDER = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "0.1", "recvWindow": 5000}
REST_TIME = 1499827319559
REST_HMAC = {
    "LTCBTC": "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    "１２３４５６": "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
}
"""Signature of REST_ORDER for that symbol."""

WS_HMAC: tuple[tuple[dict[str, object], int, str], ...] = (
    (
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01000000",
            "price": "52000.00",
            "recvWindow": 100,
        },
        1645423376532,
        "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    ),
    (
        {
            "symbol": "１２３４５６",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "1.00000000",
            "price": "0.10000000",
            "recvWindow": 5000,
        },
        1645423376532,
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
    ),
    ({}, 1660801839480, "83303b4a136ac1371795f465808367242685a9e3a42b22edb4d977d0696eb45c"),
    (
        {"startTime": 1660780800000, "endTime": 1660867200000, "limit": 5},
        1661955123341,
        "c8e1484db4a4a02d0e84dfa627eb9b8298f07ebf12fcc4eaf86e4a565b2712c2",
    ),
    (
        {
            "symbol": "BTCUSDT",
            "cancelReplaceMode": "ALLOW_FAILURE",
            "cancelOrigClientOrderId": "4d96324ff9d44481926157",
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "price": "23416.10000000",
            "quantity": "0.00847000",
        },
        1660813156900,
        "7028fdc187868754d25e42c37ccfa5ba2bab1d180ad55d4c3a7e2de643943dc5",
    ),
)
"""Parameters, timestamp, signature."""

FIX_ED25519 = (
    "A\x01EXAMPLE\x01SPOT\x011\x0120240627-11:17:25.223",
    "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==",
)
