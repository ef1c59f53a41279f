"""`python -m services.paper_exchange`."""

from services.paper_exchange.service import run

if __name__ == "__main__":
    run()
