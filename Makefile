.PHONY: test bench bench-load bench-scale performance screenshots lint api repo check mutants
.NOTPARALLEL:

# Tests everything; needs Go and make alone.
test:
	@sh .ci/test

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

# Rewrites the snapshot of the exported API, with which repo compares.
api:
	@api=$$(go run -C tools ./api .. ../jwks ../redisstore) && printf '%s\n' "$$api" > api.txt

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

# Everything that CI does, apart from installing. The tests come last: their summary ends the output.
check: lint repo test
