"""Counts how often its page was seen."""

import logging
import os

from flask import Flask
from redis import Redis, RedisError

app = Flask(__name__)
log = logging.getLogger(__name__)
redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379"))


@app.get("/")
def index():
    try:
        views = redis.incr("page_views")
    except RedisError:
        log.exception("Redis error")
        return "Sorry, something went wrong \N{PENSIVE FACE}", 500
    return f"This page has been seen {views} times."
