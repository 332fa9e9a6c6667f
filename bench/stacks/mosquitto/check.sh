says '^[0-9]' compose exec -T pub mosquitto_sub -h broker -t n -C 1 -W 9
compose pause broker
says Paused compose ps
compose unpause broker
says '^[0-9]' compose exec -T pub mosquitto_sub -h broker -t n -C 2 -W 9
