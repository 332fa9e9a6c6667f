serves localhost:18104 ' :[0-9]'
compose up -d --scale web=4
compose restart nginx
until_ok sh -c '[ "$(for i in $(seq 40); do curl -fs localhost:18104 | cut -d" " -f1; done | sort -u | wc -l)" = 4 ]'
compose up -d --scale web=4 --force-recreate web
compose restart nginx
serves localhost:18104 ' :[0-9]'
