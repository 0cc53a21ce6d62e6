import os

import psycopg

with psycopg.connect(os.environ["POSTGRES_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS names (name text PRIMARY KEY)")
