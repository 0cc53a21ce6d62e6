"""Greets people: remembers their names in PostgreSQL, and counts visits in Redis."""

import os

import psycopg
from flask import Flask, jsonify, request
from redis import Redis

app = Flask(__name__)
redis = Redis.from_url(os.environ["REDIS_URL"])


def database():
    return psycopg.connect(os.environ["POSTGRES_URL"])


@app.get("/")
def visits():
    return jsonify(visits=redis.incr("visits"))


@app.get("/names")
def names():
    with database() as connection:
        found = connection.execute("SELECT name FROM names ORDER BY name").fetchall()
    return jsonify(names=[name for (name,) in found])


@app.post("/names")
def add():
    name = (request.get_json(silent=True) or {}).get("name")
    if not isinstance(name, str) or name == "":
        return jsonify(error="expected a name"), 400
    with database() as connection:
        connection.execute("INSERT INTO names VALUES (%s) ON CONFLICT DO NOTHING", [name])
    return jsonify(name=name), 201
