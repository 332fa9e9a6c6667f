serves localhost:18101 'hello'
GREETING=bye compose up -d
serves localhost:18101 'bye'
says '^[1-9]' compose exec -T redis redis-cli get hits
compose restart
serves localhost:18101 'bye'
