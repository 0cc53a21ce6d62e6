from unittest.mock import patch

import pytest
from redis import ConnectionError

from page_tracker.app import app


@pytest.fixture
def http():
    return app.test_client()


@patch("page_tracker.app.redis")
def test_counts_views(redis, http):
    redis.incr.return_value = 5
    response = http.get("/")
    assert (response.status_code, response.text) == (200, "This page has been seen 5 times.")
    redis.incr.assert_called_once_with("page_views")


@patch("page_tracker.app.redis")
def test_says_sorry_without_redis(redis, http):
    redis.incr.side_effect = ConnectionError
    response = http.get("/")
    assert response.status_code == 500
    assert response.text == "Sorry, something went wrong \N{PENSIVE FACE}"
