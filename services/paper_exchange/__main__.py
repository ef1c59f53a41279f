"""`python -m services.paper_exchange`"""

from services.paper_exchange.service import serve
from services.paper_exchange.settings import PaperSettings
from shared.runtime.service import run

if __name__ == "__main__":
    run(PaperSettings, serve)
