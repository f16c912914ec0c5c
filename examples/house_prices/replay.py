"""Send houses to the service at a steady rate, changed on the way if so asked.

For example `python -m examples.house_prices.replay --seconds 30 --inject square_metres`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from examples.house_prices.houses import SEED, as_rows, split
from examples.house_prices.inject import BY_NAME, NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from examples.house_prices.houses import House
    from examples.house_prices.inject import Injection

HOST: Final = "127.0.0.1"
CONNECTIONS: Final = 4
TIMEOUT: Final = 10.0


class Replay:
    """Clients that send the same houses over and over, together at `rate` rows a second.

    The houses go round in one fixed order, so that any `len(houses)` rows in a row hold each house
    once. Changing `rows` changes what is sent from the next request on.

    Attributes:
        rows: what is sent.
        sent, failed: requests so far, and those among them without a price in answer.
    """

    def __init__(self, port: int, rows: Sequence[House], rate: float) -> None:
        """Send nothing yet; the `with` block starts it."""
        self.rows, self.rate, self.port = rows, rate, port
        self.sent = self.failed = 0
        self._numbers = count()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._clients: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start sending."""
        self._started = time.monotonic()
        self._clients = [
            threading.Thread(target=self._client, name=f"replay-{number}", daemon=True)
            for number in range(CONNECTIONS)
        ]
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop sending."""
        self._stop.set()
        for client in self._clients:
            client.join()

    def _client(self) -> None:
        """Take the next number, wait for its moment, send its house."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT)
        while True:
            with self._lock:
                number = next(self._numbers)
            moment = self._started + number / self.rate
            if self._stop.wait(max(moment - time.monotonic(), 0.0)):
                break
            answered = _send(connection, self.rows[number % len(self.rows)])
            with self._lock:
                self.sent += 1
                self.failed += not answered
        connection.close()


def _send(connection: http.client.HTTPConnection, house: House) -> bool:
    """Whether the service answered with a price; a broken connection is opened again."""
    body = json.dumps(house).encode()
    try:
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    return response.status == http.HTTPStatus.OK


def injected_rows(injection: Injection = NOTHING, seed: int = SEED) -> list[House]:
    """The replay houses after an injection, as they are sent."""
    return as_rows(injection.apply(split(seed).replay, seed))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Send houses to the service.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=50.0, help="rows a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--inject", choices=BY_NAME, default=NOTHING.name)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    rows = injected_rows(BY_NAME[options.inject], options.seed)
    with Replay(options.port, rows, options.rate) as replay:
        time.sleep(options.seconds)
    print(f"{replay.sent} rows sent, {replay.failed} of them without an answer")


if __name__ == "__main__":
    main()
