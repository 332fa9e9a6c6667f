<?php $m = new mysqli('db', getenv('MYSQL_USER'), getenv('MYSQL_PASSWORD'), getenv('MYSQL_DATABASE')); echo "db " . $m->query('select version()')->fetch_row()[0] . "\n";
