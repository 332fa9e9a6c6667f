#!/bin/bash
set -eu
mkdir -p /run/mysqld; chown -R mysql:mysql /run/mysqld /var/lib/mysql
[ -z "${MYSQL_ROOT_PASSWORD_FILE:-}" ] || MYSQL_ROOT_PASSWORD=$(cat "$MYSQL_ROOT_PASSWORD_FILE")
[ -z "${MYSQL_PASSWORD_FILE:-}" ] || MYSQL_PASSWORD=$(cat "$MYSQL_PASSWORD_FILE")
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --user=mysql --skip-test-db >/dev/null
  mariadbd --user=mysql --skip-networking --bootstrap <<SQL
FLUSH PRIVILEGES;
ALTER USER root@localhost IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
CREATE DATABASE IF NOT EXISTS ${MYSQL_DATABASE:-test};
CREATE USER '${MYSQL_USER:-user}'@'%' IDENTIFIED BY '${MYSQL_PASSWORD:-pw}';
GRANT ALL ON ${MYSQL_DATABASE:-test}.* TO '${MYSQL_USER:-user}'@'%';
SQL
fi
exec setpriv --reuid mysql --regid mysql --init-groups "$@"
