#!/bin/sh
# Installs the Debian packages that the system and acceptance tests need, or says which tests are left out.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v Xvnc >/dev/null || missing="$missing tigervnc-standalone-server"
command -v vncpasswd >/dev/null || missing="$missing tigervnc-tools"
command -v relion_run_motioncorr >/dev/null || missing="$missing relion"
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing for the system tests."
    apt-get update -qq
    case $missing in
    *postgresql*) # tests start servers of their own: Debian need not make one
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
        sed -i -E 's/^#? ?create_main_cluster .*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
        ;;
    esac
    # shellcheck disable=SC2086 # one word for each package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit 0
fi
echo "Not installed, and this user may not install them:$missing."
echo "Tests that need them are left out and named at the end of the run (skipped)."
if [ -n "${CLOUDLET_TESTS_COMPLETE:-}" ]; then
    echo "CLOUDLET_TESTS_COMPLETE is set: nothing may be left out." >&2
    exit 1
fi
