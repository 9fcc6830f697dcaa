.PHONY: test fuzz bench bench-load bench-scale performance screenshots lint vuln api security repo mutants check
.NOTPARALLEL:

# Tests everything; needs Go and make alone.
test:
	@sh .ci/test

# Fuzzing: every func FuzzX of every module is found and run for FUZZTIME, FUZZJOBS of them at once (make fuzz FUZZTIME=5m). A target holds one
# sentence for all inputs, against a second reader where there is one, has seeds of its own, and stands in x_fuzz_test.go. What
# breaks it is written to testdata/fuzz/FuzzX beside it, and is from then on a case of go test: commit it with the mending.
# Go keeps inputs that reached new code for the next run; go clean -fuzzcache forgets them. Seeds of other libraries: VECTORS_DIR.
fuzz:
	@FUZZTIME='$(FUZZTIME)' FUZZJOBS='$(FUZZJOBS)' sh .ci/fuzz

# What a request costs beside the peers, and the goals. Takes a minute and a half, on a machine that has nothing else to do.
bench:
	go test -C bench -run '^$$' -bench Cost -benchtime 1x .

# Whole servers, loaded by wrk: Debian's packages wrk and redis-server. Takes three minutes.
bench-load:
	REQUIRE_SERVICES=1 go test -C bench -run '^$$' -bench Load -benchtime 1x .

# How the cost grows with entries, clients, keys and claims, and when the cache pays. Takes a minute; with redis-server.
bench-scale:
	go test -C bench -run '^$$' -bench Scale -benchtime 1x .

# Takes all figures of docs/performance.md anew.
performance: export PERFORMANCE_PAGE = $(CURDIR)/docs/performance.md
performance: export REQUIRE_SERVICES = 1
performance: bench bench-load bench-scale

# Takes the pictures of docs/images anew: Debian's packages chromium and fonts-inter.
screenshots:
	SCREENSHOTS=$(CURDIR)/docs/images REQUIRE_SERVICES=1 go test -C _example/webapp -count=1 -run '^TestScreenshots$$' .

lint:
	@echo '== gofmt'
	@files=$$(gofmt -l .) && [ -z "$$files" ] || { echo "FAIL: run gofmt -w" $$files; exit 1; }
	@echo '== go vet'
	@sh .ci/each go vet ./...
	@echo '== staticcheck'
	@staticcheck=$$(go -C tools tool -n staticcheck) && sh .ci/each "$$staticcheck" ./...

VULNDB ?= https://vuln.go.dev

# Looks for known vulnerabilities in what each module uses, Go's own packages too. It needs the network, so that check leaves it out.
vuln:
	@echo '== govulncheck'
	@govulncheck=$$(go -C tools tool -n govulncheck) && sh .ci/each "$$govulncheck" -db '$(VULNDB)' ./... || \
		{ echo 'FAIL: a vulnerability is known, or $(VULNDB) has not answered, and nothing is known: see above'; exit 1; }

# Rewrites the snapshot of the exported API, with which repo compares.
api:
	@api=$$(go run -C tools ./api .. ../jwks ../redisstore) && printf '%s\n' "$$api" > api.txt

# Writes the tables of docs/security.md from the tests' names, with which repo compares.
security:
	go run -C tools ./security -w ..

repo:
	@sh .ci/repo

# The files in which each condition is changed, and each refusal taken out, one at a time; FILES=verify.go does one.
FILES = verify.go claims.go csrf.go extract.go cookies.go session.go keys.go \
	numbers.go objects.go plain.go jose.go signature.go keyring.go validate_keys.go \
	body.go cookieread.go credentials.go origin.go validate_cookies.go \
	require.go rotate.go renew.go revoke.go

# Every change must fail a test, or be explained: tools/mutants/explained.txt. Takes some minutes of two cores.
mutants:
	@go run -C tools ./mutants -explained mutants/explained.txt .. $(FILES)

# Everything that CI does, apart from installing. The longest come last: their summaries end the output.
check: lint repo test fuzz
