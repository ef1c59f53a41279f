"""`python -m services.stream_ingestion`"""

from services.stream_ingestion.service import serve
from services.stream_ingestion.settings import Settings
from shared.runtime.service import run

if __name__ == "__main__":
    run(Settings, serve)
