const http = require('node:http');
const net = require('node:net');
const os = require('node:os');

http
  .createServer((_request, response) => {
    const redis = net.connect(6379, process.env.REDIS, () => redis.write('INCR n\r\n'));
    redis.once('data', (answer) => {
      response.end(`${os.hostname()} ${answer.toString().trim()}\n`);
      redis.end();
    });
    redis.on('error', (error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  })
  .listen(process.env.PORT);
