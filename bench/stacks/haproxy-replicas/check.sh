until_ok sh -c '[ "$(for i in $(seq 30); do curl -fs localhost:18109; done | sort -u | wc -l)" = 3 ]'
compose up -d --scale app=5
until_ok sh -c '[ "$(for i in $(seq 30); do curl -fs localhost:18109; done | sort -u | wc -l)" = 5 ]'
compose scale app=1
until_ok sh -c '[ "$(for i in $(seq 30); do curl -fs localhost:18109; done | sort -u | wc -l)" = 1 ]'
