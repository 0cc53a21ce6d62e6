#!/bin/sh
# Turns /etc/nginx/templates/**/NAME.template into /etc/nginx/conf.d/**/NAME with ${VARIABLES} of the environment
# filled in. Only variables that exist are replaced, so that nginx's own ($host, $uri) survive.
set -e

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

[ -d "$templates" ] || exit 0
if [ ! -w "$output" ]; then
  echo "$0: $templates exists, but $output is not writable" >&2
  exit 0
fi

# NGINX_ENVSUBST_FILTER, a regular expression, narrows the variables down further.
variables=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | grep -E "${NGINX_ENVSUBST_FILTER:-.}" | sed 's/.*/${&}/')

find "$templates" -follow -type f -name "*$suffix" -printf '%P\n' | sort | while read -r template; do
  target=$output/${template%"$suffix"}
  echo "$0: Running envsubst on $templates/$template to $target"
  mkdir -p "$(dirname "$target")"
  envsubst "$variables" <"$templates/$template" >"$target"
done
