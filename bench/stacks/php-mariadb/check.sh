serves localhost:18106 'db 10.*MariaDB'
says '^2$' compose run --rm -T cli
compose stop db
compose start db
serves localhost:18106 MariaDB
