set -e
export PGDATA=/var/lib/postgresql/data
if ! test -e $PGDATA/PG_VERSION; then
    echo "$POSTGRES_PASSWORD" > /tmp/password
    initdb --username=$POSTGRES_USER --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 >&2
    echo "host all all all scram-sha-256" >> $PGDATA/pg_hba.conf
    echo "CREATE DATABASE $POSTGRES_USER" | postgres --single postgres
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp
