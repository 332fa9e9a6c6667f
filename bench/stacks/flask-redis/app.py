import os
from flask import Flask
from redis import Redis
app = Flask(__name__)
r = Redis(host=os.environ['REDIS_HOST'])
@app.route('/')
def hello():
    return f"{os.environ['GREETING']} {r.incr('hits')}\n"
