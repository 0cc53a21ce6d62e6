/** Each CI system's file: what it needs to run `npm ci` and `npm test` beside an engine, and to keep the reports. */
export const CI_FILES = {
  GitHub: {
    path: ".github/workflows/stackspec.yml",
    text: `name: stackspec
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - run: npm SCRIPT
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: reports, path: reports }
`,
  },
  GitLab: {
    path: ".gitlab-ci.yml",
    text: `# Needs a runner that allows privileged containers.
test:
  image: node:24
  services: ["docker:29-dind"]
  variables: { DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: "" }
  script:
    - npm ci
    - npm SCRIPT
  artifacts:
    when: always
    paths: [reports/]
    reports: { junit: reports/*.xml }
`,
  },
  CircleCI: {
    path: ".circleci/config.yml",
    text: `version: 2.1
jobs:
  test:
    # A machine, since its Docker engine is one that ports can be reached on.
    machine: { image: "ubuntu-2404:current" }
    steps:
      - checkout
      - run: npm ci
      - run: npm SCRIPT
      - store_test_results: { path: reports }
      - store_artifacts: { path: reports }
workflows:
  ci:
    jobs: [test]
`,
  },
  Jenkins: {
    path: "Jenkinsfile",
    text: `// Needs an agent with Node and a Docker engine.
pipeline {
  agent { label 'docker' }
  stages {
    stage('test') {
      steps {
        sh 'npm ci'
        sh 'npm SCRIPT'
      }
    }
  }
  post {
    always { junit 'reports/*.xml' }
  }
}
`,
  },
} as const;
