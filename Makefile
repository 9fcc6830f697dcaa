.PHONY: test bench bench-load lint api repo check
.NOTPARALLEL:

# Tests everything; needs Go and make alone.
test:
	@sh .ci/test

bench:
	GOMAXPROCS=1 go test -run '^$$' -bench ProtectedGET -benchtime 5s .

# Whole servers with and without a Store, loaded by wrk; needs wrk and redis-server, and takes two minutes.
bench-load:
	REQUIRE_SERVICES=1 go test -C bench -run '^$$' -bench Load -benchtime 1x .

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

# Everything that CI does, apart from installing. The tests come last: their summary ends the output.
check: lint repo test
