package main

// faults are those of a store that several servers share, as they were measured with go-redis and Redis.
var faults = []struct {
	fault, outcome string
	tests          []string
}{
	{"away at the start", "`redisstore.New` asks for two seconds at most, and returns an error; never memory in its place", []string{"TestS03_RedisAwayAtStart", "TestS03_RedisSilentAtStart"}},
	{"refuses connections", "DOWN within StoreTimeout; then at once, with one probe a second", []string{"TestS03_RedisRefuses", "TestS03_RedisAwayForLong", "TestS03_RedisInMidTraffic"}},
	{"accepts and never answers", "DOWN within StoreTimeout; neither goroutines nor connections pile up", []string{"TestS03_RedisHangs", "TestR04_RedisGivenUpWrites"}},
	{"dies between requests", "DOWN; heals within a second", []string{"TestS03_RedisDiesBetweenRequests", "TestS03_RedisIsBackBeforeAnyoneAsks"}},
	{"empty and odd replies", "DOWN: only an explicit answer counts", []string{"TestS03_RedisOddReplies", "TestS03_RedisOddEntry", "TestS03_VagueAnswer"}},
	{"WRONGTYPE, OOM, READONLY, LOADING, MOVED", "DOWN, and nothing is issued", []string{"TestS03_RedisTakesNoWrites", "TestS03_RedisLoads", "TestS03_RedisOddEntry", "TestS03_RedisOddReplies"}},
	{"evicts entries", "`redisstore.New` takes no policy but noeviction", []string{"TestS03_RedisEvictionPolicy"}},
	{"loses its memory: FLUSHALL, a restart, an empty replica", "what was issued before is refused, with an event", []string{"TestS03_RedisLosesItsMemory", "TestS03_RedisBeginsWithAnOldFile", "TestS03_RedisPromotesAReplica", "TestS03_RedisReplicaIsNotAsked", "TestS03_RedisLossFoundByOthers", "TestS03_RedisLossFoundByManyAtOnce"}},
	{"a clock that differs", "lifetimes are counted from exp, with leeway and a minute", []string{"TestS03_RedisClockDiffers"}},
	{"MemoryStore: a restart, two processes", "forgets, and shares nothing: documented where it is", []string{"TestS03_MemoryStoreIsOfOneProcess"}},
}
