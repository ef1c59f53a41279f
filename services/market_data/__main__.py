"""`python -m services.market_data`"""

from services.market_data.service import serve
from services.market_data.settings import Settings
from shared.runtime.service import run

if __name__ == "__main__":
    run(Settings, serve)
