// Package bench sets authjwt beside its peers: the table of README.md, played against each of them.
package bench
