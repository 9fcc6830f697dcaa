package redisserver

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

const slots = 16384

// A Cluster is made of masters without replicas.
type Cluster struct {
	nodes []*Server
}

// StartCluster starts that many masters and joins them. The slots are spread evenly, in the order of the
// nodes. It returns when every node finds the cluster complete, which takes some seconds.
func StartCluster(tb testing.TB, masters int) *Cluster {
	tb.Helper()
	c := &Cluster{}
	for i := range masters {
		node := Start(tb, "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1")
		node.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/masters), strconv.Itoa((i+1)*slots/masters-1))
		c.nodes = append(c.nodes, node)
	}
	for i, node := range c.nodes {
		for _, other := range c.nodes[:i] {
			node.Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port))
		}
	}
	for _, node := range c.nodes {
		if err := until(func() error { return node.joined(masters) }); err != nil {
			tb.Fatalf("redisserver: join the cluster: %v", err)
		}
	}
	return c
}

// Nodes are the servers, in the order of their slots.
func (c *Cluster) Nodes() []*Server { return c.nodes }

// Addrs are the addresses of the nodes, in the order of their slots.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, node := range c.nodes {
		addrs[i] = node.Addr()
	}
	return addrs
}

func (s *Server) joined(nodes int) error {
	info, err := s.Try("CLUSTER", "INFO")
	if err != nil {
		return err
	}
	for _, line := range []string{"cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", nodes)} {
		if !strings.Contains(info, line+"\r\n") {
			return fmt.Errorf("%s lacks %s:\n%s", s.Addr(), line, info)
		}
	}
	return nil
}
