/**
 * The files of CI systems that run as many machines as are asked for: each runs a part of the spec files, and one more puts the
 * reports together. The durations of an earlier run come from one job, for all of them have to have the same.
 */
export const SHARDED_CI_FILES = {
  GitHub: `name: stackspec
on: [push, pull_request]
permissions:
  contents: read
jobs:
  # How long each spec file took in an earlier run, for all machines alike.
  timings:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache/restore@v4
        with: { path: timings, key: timings-this-run, restore-keys: timings- }
      - run: mkdir -p timings && touch timings/none
      - uses: actions/upload-artifact@v4
        with: { name: timings, path: timings, overwrite: true }
  test:
    needs: timings
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix: { shard: [NUMBERS] }
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - uses: actions/download-artifact@v4
        with: { name: timings, path: timings }
      - run: npm SCRIPT -- --shard \${{ matrix.shard }}/TOTAL
        env: { STACKSPEC_TIMINGS: timings }
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: "reports-\${{ matrix.shard }}", path: reports, overwrite: true }
  merge:
    needs: test
    if: \${{ !cancelled() }}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - uses: actions/download-artifact@v4
        with: { pattern: reports-*, path: reports, merge-multiple: true }
      - run: npx stackspec merge
      - run: mkdir timings && cp reports/*.xml timings
      - uses: actions/cache/save@v4
        with: { path: timings, key: "timings-\${{ github.run_id }}-\${{ github.run_attempt }}" }
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: reports, path: reports, overwrite: true }
`,
  GitLab: `# Needs a runner that allows privileged containers.
stages: [timings, test, merge]
default:
  image: node:24
# How long each spec file took in an earlier run, for all machines alike.
timings:
  stage: timings
  cache: { key: timings, paths: [timings/], policy: pull }
  script:
    - mkdir -p timings && touch timings/none
  artifacts: { paths: [timings/] }
test:
  stage: test
  parallel: TOTAL
  services: ["docker:29-dind"]
  variables: { DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: "", STACKSPEC_TIMINGS: timings }
  script:
    - npm ci
    - npm SCRIPT
  artifacts:
    when: always
    paths: [reports/]
merge:
  stage: merge
  when: always
  cache: { key: timings, paths: [timings/], policy: push }
  script:
    - npm ci
    - npx stackspec merge
    - rm -rf timings && mkdir timings && cp reports/*.xml timings
  artifacts:
    when: always
    paths: [reports/]
    reports: { junit: reports/*.xml }
`,
} as const;
