#!/bin/sh
# Runs the tests in the development image: /reports gets unittests.xml (JUnit) and cobertura-coverage.xml.
# One file after the other, since they share a database.
c8 --reporter=text-summary --reporter=cobertura --reports-dir=/reports --temp-directory=/tmp/coverage --all --include='src/**' \
  node --test --test-concurrency=1 \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=junit --test-reporter-destination=/reports/unittests.xml \
  'test/**/*.test.ts'
code=$?
# Readers of the reports know the files by their paths in the repository, and Jenkins reads no XML with a DOCTYPE.
sed -i -e "s|${PWD%/*/*}/||g" -e '/<!DOCTYPE/d' /reports/*.xml
exit $code
