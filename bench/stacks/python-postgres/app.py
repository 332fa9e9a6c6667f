import psycopg2, http.server, os
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        c = psycopg2.connect(host='db', user='app', dbname='app', password=open('/run/secrets/pw').read())
        k = c.cursor(); k.execute('select n, (select count(*) from m) from t'); row = k.fetchone(); c.close()
        self.send_response(200); self.end_headers(); self.wfile.write(f'n={row[0]} m={row[1]} uid={os.getuid()}\n'.encode())
http.server.ThreadingHTTPServer(('', 8000), H).serve_forever()
