serves localhost:18111/health true
compose exec -T e2 etcdctl put k v
says '^v$' compose exec -T e3 etcdctl get k
compose kill e1
until_ok compose exec -T e3 etcdctl get k
compose up -d
serves localhost:18111/health true
