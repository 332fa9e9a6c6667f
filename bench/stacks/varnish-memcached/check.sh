serves localhost:18112 one
says '^10.214.12.9' compose exec -T varnish getent hosts memcached
says 18113 compose port memcached 11211
bash -c "exec 3<>/dev/tcp/127.0.0.1/18113; printf 'set a 0 0 1\r\nb\r\nget a\r\nquit\r\n' >&3; timeout 2 cat <&3" | grep -q '^b'
