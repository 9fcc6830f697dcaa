// Package bench sets authjwt beside its peers: the table of README.md, played against each of them; what requests
// cost in-process (make bench); and whole servers under load (make bench-load).
package bench
