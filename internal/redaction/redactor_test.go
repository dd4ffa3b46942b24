// SPDX-License-Identifier: Apache-2.0

package redaction_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/redaction"
)

// defaultRedactor is the one that users have who configure nothing.
func defaultRedactor(t testing.TB) *redaction.Redactor {
	t.Helper()
	redactor, err := redaction.New(redaction.KeysDefault)
	require.NoError(t, err)
	return redactor
}

// commandLine writes arguments in one line, with a bar between them.
func commandLine(line string) []string { return strings.Split(line, "|") }

func assertRedacted(t *testing.T, cases map[string]string) {
	t.Helper()
	redactor := defaultRedactor(t)
	for line, want := range cases {
		assert.Equal(t, commandLine(want), redactor.Arguments(commandLine(line)), "%s", line)
	}
}

func assertUntouched(t *testing.T, lines ...string) {
	t.Helper()
	cases := map[string]string{}
	for _, line := range lines {
		cases[line] = line
	}
	assertRedacted(t, cases)
}

func TestRedactor_optionsAndVariables(t *testing.T) {
	assertRedacted(t, map[string]string{
		"mysql|--password=hunter2":                        "mysql|--password=REDACTED",
		"mysql|--password=two words":                      "mysql|--password=REDACTED",
		"mysql|--password=a=b,c&d;e":                      "mysql|--password=REDACTED",
		"mysql|--PASSWORD=hunter2|-u|root":                "mysql|--PASSWORD=REDACTED|-u|root",
		"mysql|--password|hunter2|db":                     "mysql|--password|REDACTED|db",
		"mysql|-password|hunter2":                         "mysql|-password|REDACTED",
		"app|--db-password|x|--api-key|y|--port|80":       "app|--db-password|REDACTED|--api-key|REDACTED|--port|80",
		"app|--apikey=k|--api_key=k|--access-key=k":       "app|--apikey=REDACTED|--api_key=REDACTED|--access-key=REDACTED",
		"app|--private-key|k|--client-secret=s":           "app|--private-key|REDACTED|--client-secret=REDACTED",
		"app|--credential=c|--credentials|c|--token=t":    "app|--credential=REDACTED|--credentials|REDACTED|--token=REDACTED",
		"app|--passphrase=p|--passwd|p":                   "app|--passphrase=REDACTED|--passwd|REDACTED",
		"env|PGPASSWORD=x|psql|-h|db":                     "env|PGPASSWORD=REDACTED|psql|-h|db",
		"env|AWS_SECRET_ACCESS_KEY=x|GITHUB_TOKEN=y|make": "env|AWS_SECRET_ACCESS_KEY=REDACTED|GITHUB_TOKEN=REDACTED|make",
		"java|-Dspring.datasource.password=x|-jar|a.jar":  "java|-Dspring.datasource.password=REDACTED|-jar|a.jar",
		"docker|run|-e|MYSQL_ROOT_PASSWORD=x|mysql":       "docker|run|-e|MYSQL_ROOT_PASSWORD=REDACTED|mysql",
		"docker|run|-eTOKEN=x|--env=TOKEN=y|mysql":        "docker|run|-eTOKEN=REDACTED|--env=TOKEN=REDACTED|mysql",
		"docker|build|--build-arg=NPM_TOKEN=x|.":          "docker|build|--build-arg=NPM_TOKEN=REDACTED|.",
		"kubectl|create|--from-literal=password=x":        "kubectl|create|--from-literal=password=REDACTED",
		"helm|--set=replicas=2,auth.password=x":           "helm|--set=replicas=2,auth.password=REDACTED",
		"psql|host=db user=app password=x":                "psql|host=db user=app password=REDACTED",
		"app|--auth=x|--authorization|y":                  "app|--auth=REDACTED|--authorization|REDACTED",
		"app|--password|--verbose|x":                      "app|--password|--verbose|x",
	})
}

func TestRedactor_addressesAndHeaders(t *testing.T) {
	assertRedacted(t, map[string]string{
		"git|clone|https://me:x@host/repo":                       "git|clone|https://me:REDACTED@host/repo",
		"app|postgres://me:p@ss@db:5432/app?sslmode=off":         "app|postgres://me:REDACTED@db:5432/app?sslmode=off",
		"app|--url=redis://:x@cache:6379":                        "app|--url=redis://:REDACTED@cache:6379",
		"app|a=https://u:x@one/,b=https://u:y@two/":              "app|a=https://u:REDACTED@one/,b=https://u:REDACTED@two/",
		"curl|https://host/?token=x":                             "curl|https://host/?token=REDACTED",
		"curl|https://host/?page=1&api_key=x&sort=up#top":        "curl|https://host/?page=1&api_key=REDACTED&sort=up#top",
		"curl|https://me:x@host/?secret=y&page=2":                "curl|https://me:REDACTED@host/?secret=REDACTED&page=2",
		"curl|-H|Authorization: Bearer x.y.z|https://host":       "curl|-H|Authorization: REDACTED|https://host",
		"curl|-HAuthorization: Bearer x.y.z":                     "curl|-HAuthorization: REDACTED",
		"curl|--header=authorization:Basic abc":                  "curl|--header=authorization: REDACTED",
		"curl|-H|Cookie: a=b; c=d":                               "curl|-H|Cookie: REDACTED",
		"curl|-H|X-Api-Key: x|-H|X-Auth-Token: y|-H|X-Secret: z": "curl|-H|X-Api-Key: REDACTED|-H|X-Auth-Token: REDACTED|-H|X-Secret: REDACTED",
		"curl|-H|Proxy-Authorization: Basic abc":                 "curl|-H|Proxy-Authorization: REDACTED",
		"git|-c|http.extraHeader=Authorization: Basic abc|fetch": "git|-c|http.extraHeader=Authorization: REDACTED|fetch",
	})
}

func TestRedactor_forms(t *testing.T) {
	assertRedacted(t, map[string]string{
		"aws|configure|set|x|AKIAABCDEFGHIJKLMNOP":                   "aws|configure|set|x|REDACTED",
		"aws|x|ASIAABCDEFGHIJKLMNOP":                                 "aws|x|REDACTED",
		"git|clone|https://ghp_abcdefghijklmnopqrstuv@host/x":        "git|clone|https://REDACTED@host/x",
		"app|github_pat_abcdefghijklmnopqrstuv":                      "app|REDACTED",
		"app|-p|glpat-abcdefghijklmnop":                              "app|-p|REDACTED",
		"app|xoxb-1234567890-abc|sk-abcdefghijklmnopqrstuv":          "app|REDACTED|REDACTED",
		"app|AIzaabcdefghijklmnopqrstuvwxyz1234":                     "app|REDACTED",
		"sh|-c|app eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x | y":       "sh|-c|app REDACTED | y",
		"echo|a -----BEGIN RSA PRIVATE KEY-----\nMIIE":               "echo|a REDACTED",
		"echo|-----BEGIN PRIVATE KEY-----x-----END PRIVATE KEY-----": "echo|REDACTED",
	})
	assertUntouched(t, "ls|/gh/x|xoxo|AKIA|sk-1|eyJ|AIza|glpat-|ghost_abcdefghijklmnopqrstuv|disk-abcdefghijklmnopqrstuv|-----BEGIN PUBLIC KEY-----")
}

// What a shell is given to execute is a command line of its own.
func TestRedactor_scripts(t *testing.T) {
	assertRedacted(t, map[string]string{
		"sh|-c|mysql --password=x -e 'select 1'":                   "sh|-c|mysql --password=REDACTED -e 'select 1'",
		"sh|-c|mysql --password x -h db":                           "sh|-c|mysql --password REDACTED -h db",
		"bash|-lc|PGPASSWORD=x psql -h db":                         "bash|-lc|PGPASSWORD=REDACTED psql -h db",
		"sh|-ec|export TOKEN=x; make && echo done":                 "sh|-ec|export TOKEN=REDACTED; make && echo done",
		"sh|-c|app --password='two words' --port 80":               "sh|-c|app --password=REDACTED --port 80",
		"sh|-c|app --password \"two words\" --port 80":             "sh|-c|app --password REDACTED --port 80",
		"sh|-c|curl -H 'Authorization: Bearer x' https://h/a?b=c":  "sh|-c|curl -H 'Authorization: REDACTED' https://h/a?b=c",
		"sh|-c|curl -H \"X-Api-Key: x\" https://u:x@h/":            "sh|-c|curl -H \"X-Api-Key: REDACTED\" https://u:REDACTED@h/",
		"su|app|-c|bash -c 'app --token x --port 80'":              "su|app|-c|bash -c 'app --token REDACTED --port 80'",
		"sh|-c|a\n--password=x\n\tb":                               "sh|-c|a\n--password=REDACTED\n\tb",
		"sh|-c|echo \"it's fine\" it's not --password=x --port 80": "sh|-c|echo \"it's fine\" it's not --password=REDACTED --port 80",
	})
	assertUntouched(t,
		"sh|-c|for i in 1 2 3; do echo $i >> log; done",
		"sh|-c|",
		"sh|-c",
		"sh|-c|cat /etc/passwd | grep ^root: && kubectl get secret web",
		"python3|-c|print({'a': 1})",
	)
}

func TestRedactor_nothingInnocent(t *testing.T) {
	assertUntouched(t,
		"ls|-l|/etc/passwd",
		"kubectl|get|secret|web|-o|yaml",
		"vault|token|lookup",
		"passwd|alice",
		"gh|auth|status",
		"app|--port=80|--name|web|-v",
		"app|--author|me|--authors=us|--tokenizer|bpe|--passes|3|--secretary=x",
		"app|--password-file=/run/secrets/db|--token-path|/var/run/token",
		"docker|login|--password-stdin|registry",
		"docker|run|--mount|type=secret,id=x",
		"pg_dump|--no-password|shop",
		"ansible-playbook|--ask-pass|site.yml|--ask-become-pass|-v",
		"app|--disable-auth|serve|--skip-auth|x|--without-token|y|--enable-auth|z",
		"grep|password=|/etc/app.conf",
		"git|commit|-m|fix the cookie: it was empty",
		"git|commit|-m|say why authorization: is missing",
		"git|clone|git@host:group/repo",
		"git|clone|ssh://git@host:22/repo",
		"curl|https://host:8080/a@b",
		"curl|https://host/a:b@c",
		"curl|https://[::1]:8080/",
		"curl|https://host/?page=1&sort=up",
		"curl|-H|Accept: text/plain|-H|X-Request-Id: 1",
		"awk|-F=|{print $2}",
		"test|a==b",
		"app|=|==|--|-|--=",
		"dd|if=/dev/zero|of=/tmp/token",
		"rsync|user@host::module|.",
		"date|+%H:%M:%S",
		"",
	)
	redactor := defaultRedactor(t)
	assert.Empty(t, redactor.Arguments(nil))
	assert.Equal(t, []string{"\uFFFD\x01", "--password", "REDACTED"}, redactor.Arguments([]string{"\uFFFD\x01", "--password", "\uFFFD"}))
}

func TestRedactor_inPlace(t *testing.T) {
	arguments := []string{"app", "--token=x"}
	returned := defaultRedactor(t).Arguments(arguments)
	assert.Equal(t, &arguments[0], &returned[0])
	assert.Equal(t, "--token=REDACTED", arguments[1])
}

func TestRedactor_off(t *testing.T) {
	secret := []string{"app", "--password=x", "--token", "y", "https://a:b@c"}
	var none *redaction.Redactor
	assert.Equal(t, slices.Clone(secret), none.Arguments(slices.Clone(secret)))
	assert.Equal(t, slices.Clone(secret), (&redaction.Redactor{}).Arguments(slices.Clone(secret)))
}

func TestNew_ownKeys(t *testing.T) {
	redactor, err := redaction.New(`^--pin$|^PIN$`)
	require.NoError(t, err)
	assert.Equal(t, []string{"--pin=REDACTED", "PIN=REDACTED", "--pin", "REDACTED", "--pinned=1", "--password=x"},
		redactor.Arguments([]string{"--pin=1", "PIN=1", "--pin", "1", "--pinned=1", "--password=x"}))

	_, err = redaction.New("(")
	require.EqualError(t, err, "compile the pattern of names to redact: error parsing regexp: missing closing ): `(`")
}

// Whatever the arguments are, there are as many as before, and doing it again changes nothing.
func FuzzRedactor(f *testing.F) {
	f.Add("sh\x00-c\x00mysql --password='x")
	f.Add("app\x00--token\x00x\x00https://a:b@c/?token=d")
	redactor := defaultRedactor(f)
	f.Fuzz(func(t *testing.T, line string) {
		arguments := strings.Split(line, "\x00")
		once := redactor.Arguments(slices.Clone(arguments))
		if len(once) != len(arguments) {
			t.Fatalf("%d arguments became %d", len(arguments), len(once))
		}
		if twice := redactor.Arguments(slices.Clone(once)); !slices.Equal(once, twice) {
			t.Fatalf("%q became %q and then %q", arguments, once, twice)
		}
	})
}

func TestRedactor_value(t *testing.T) {
	r, err := redaction.New(`(?i)password$`)
	require.NoError(t, err)
	for _, c := range [][3]string{
		{"com.example.db-password", "hunter2", redaction.Redacted},
		{"com.example.team", "red", "red"},
		{"com.example.url", "https://me:hunter2@host/", "https://me:REDACTED@host/"},
		{"com.example.flags", "--password=hunter2", "--password=REDACTED"},
	} {
		assert.Equal(t, c[2], r.Value(c[0], c[1]), c[0])
	}
	var none *redaction.Redactor
	assert.Equal(t, "hunter2", none.Value("password", "hunter2"))
}

func BenchmarkRedactor(b *testing.B) {
	redactor := defaultRedactor(b)
	for name, line := range map[string]string{
		"ordinary": "gcc|-O2|-Wall|-I/usr/include/x|-DNDEBUG=1|-c|main.c|-o|main.o",
		"script":   "sh|-c|mysql --password=x -e 'select 1' && curl -H 'Authorization: Bearer y' https://u:p@host/?token=z",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redactor.Arguments(commandLine(line))
			}
		})
	}
}
