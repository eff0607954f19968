# Sourced by the scripts beside it: where things are, and what they share.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${FIRN_CONFORMANCE_BUILD:-$(cd "$here/../.." && pwd)/build/conformance}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# All that the build reads. A tree whose checksum stands in the stamp needs no Maven.
sources_checksum() {
    (cd "$here" && find pom.xml setup src planner -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# A port that is free now. Whoever binds it next may still lose a race; callers notice.
free_port() {
    python3 -c 'import socket
probe = socket.socket()
probe.bind(("127.0.0.1", 0))
print(probe.getsockname()[1])'
}

# wait_for_server URL PID LOG: until /v1/config answers, the process dies, or 60 s are over.
wait_for_server() { wait_for_answer "$1/v1/config" "$2" "$3"; }

wait_for_answer() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        if curl -sf -o /dev/null --max-time 2 "$1"; then
            return 0
        fi
        if ! kill -0 "$2" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    tail -n 20 "$3" >&2
    return 1
}

# stop_process PID: ask, wait ten seconds, then insist.
stop_process() {
    local tries
    kill -TERM "$1" 2>/dev/null || return 0
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
}
