until_ok psql 'host=localhost port=18110 user=postgres dbname=postgres' -tc 'select 7*6'
says '^4096$' compose exec -T db sh -c 'ulimit -n'
says ' 128M' compose exec -T db df -h /dev/shm
compose kill -s SIGKILL db
compose up -d
until_ok psql 'host=localhost port=18110 user=postgres dbname=postgres' -tc 'select 1'
