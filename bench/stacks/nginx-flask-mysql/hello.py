from flask import Flask
import pymysql
server = Flask(__name__)
@server.route('/')
def f():
    c = pymysql.connect(host='db', user='example', password=open('/run/secrets/db-password').read(), database='example')
    with c.cursor() as k:
        k.execute('create table if not exists b(id int auto_increment primary key)'); k.execute('insert into b values ()'); c.commit(); k.execute('select count(*) from b'); n = k.fetchone()[0]
    return f'rows {n}\n'
