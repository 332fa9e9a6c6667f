serves localhost:18105 'rows 1'
says '^1$' compose exec -T db mysql -uexample -ppw123 example -Ne 'select count(*) from b'
! compose config | grep -q pw123
compose restart
serves localhost:18105 'rows 2'
