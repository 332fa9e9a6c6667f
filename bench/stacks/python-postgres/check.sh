serves 127.0.0.1:18103 'n=42 m=0 uid=1000'
says 42 compose exec -T -e PGPASSWORD=s3cret db psql -h localhost -U app -tc 'select n from t'
says 'migrate.*Exited (0)' compose ps -a
before=$(compose ps -aq | sort)
compose up -d
[ "$before" = "$(compose ps -aq | sort)" ]
printf changed > pw.txt
compose exec -T -e PGPASSWORD=s3cret db psql -h localhost -U app -c "alter role app password 'changed'"
compose up -d
serves 127.0.0.1:18103 'n=42 m=0'
