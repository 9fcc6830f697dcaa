// Package bench sets authjwt beside its peers: the table of README.md, played against each of them; what requests
// cost in-process (make bench); whole servers under load (make bench-load); and how costs grow (make bench-scale).
package bench
