# SPDX-License-Identifier: ISC
#
# dhcp.awk: one table of the results, or what they say to the goals.

function print_rate(	i, j, s, m, levels)
{
	heading("DORA/s, so many clients at a time; renewals and relayed at 64")
	printf "%-10s%9s%9s%9s%9s%9s%9s%9s\n", "", 1, 8, 16, 64, 256,
	    "renew", "relayed"
	m = split("1 8 16 64 256", levels, " ")
	for (i = 1; i <= nservers["rate"]; i++) {
		s = servers["rate", i]
		printf "%-10s", s
		for (j = 1; j <= m; j++)
			printf "%s", cell(9, "%d", "rate", s, levels[j], "rate")
		printf "%s%s\n", cell(9, "%d", "renew", s, 64, "rate"),
		    cell(9, "%d", "relayed", s, 64, "rate")
	}
	print_times(1)
	print_times(64)
	print_losses()
	print_memory()
}

function print_times(level,	i, s)
{
	heading("Microseconds with " level " at a time: OFFER and ACK, p50 " \
	    "and p99; server CPU per DORA")
	printf "%-10s%9s%9s%9s%9s%9s\n", "", "OFFER50", "OFFER99", "ACK50",
	    "ACK99", "CPU"
	for (i = 1; i <= nservers["rate"]; i++) {
		s = servers["rate", i]
		printf "%-10s%s\n", s, row("rate", s, level,
		    "offer50 offer99 ack50 ack99 cpu_us",
		    "%d %d %d %d %.1f", 9)
	}
}

function print_losses(	i, j, s, c, m, cases, t)
{
	heading("Worst of all repetitions: lost/NAK/wrong; 1000 machines in " \
	    "one second, and ms until the last has its address")
	printf "%-10s%14s%14s%14s%14s%16s%9s\n", "", 16, 64, 256, "relayed",
	    1000, "ms"
	m = split("rate:16 rate:64 rate:256 relayed:64 burst:1000", cases, " ")
	for (i = 1; i <= nservers["rate"]; i++) {
		s = servers["rate", i]
		printf "%-10s", s
		for (j = 1; j <= m; j++) {
			split(cases[j], c, ":")
			t = worst(c[1], s, c[2], "lost") "/" \
			    worst(c[1], s, c[2], "naks") "/" \
			    worst(c[1], s, c[2], "wrong")
			printf "%" (j < m ? 14 : 16) "s", t
		}
		printf "%9d\n", median("burst", s, 1000, "seconds") * 1000
	}
}

function print_memory(	i, s)
{
	heading("Memory of all processes, KiB: idle, and after all this")
	printf "%-10s%10s%10s%10s%10s\n", "", "RSS", "PSS", "RSS", "PSS"
	for (i = 1; i <= nservers["mem"]; i++) {
		s = servers["mem", i]
		printf "%-10s%s%s\n", s,
		    row("mem", s, "idle", "rss pss", "%d %d", 10),
		    row("mem", s, "after", "rss pss", "%d %d", 10)
	}
}

function per_dora(s, c, k)
{
	return ratio(median("sync", s, c, k), median("sync", s, c, "done"))
}

function print_sync(	i, s)
{
	heading("Per DORA at 1, 16 and 64 at a time: fsync and fdatasync; " \
	    "system calls of all processes")
	printf "%-10s%9s%9s%9s%12s%9s%9s\n", "", 1, 16, 64, 1, 16, 64
	for (i = 1; i <= nservers["sync"]; i++) {
		s = servers["sync", i]
		printf "%-10s%9.3f%9.3f%9.3f%12.1f%9.2f%9.2f\n", s,
		    per_dora(s, 1, "syncs"), per_dora(s, 16, "syncs"),
		    per_dora(s, 64, "syncs"), per_dora(s, 1, "calls"),
		    per_dora(s, 16, "calls"), per_dora(s, 64, "calls")
	}
}

function print_scale(	i, j, s, n)
{
	heading("With leases in the base, 16 at a time: ms from start to " \
	    "OFFER, KiB, DORA/s")
	printf "%-10s%9s%9s%9s%9s%9s%9s\n", "", "leases", "start", "RSS",
	    "PSS", "DORA/s", "ratio"
	for (i = 1; i <= nservers["scale"]; i++) {
		s = servers["scale", i]
		for (j = 0; j < 2; j++) {
			n = j ? 100000 : 0
			printf "%-10s%9d%s%9.2f\n", s, n,
			    row("scale", s, n, "start_ms rss pss rate",
			    "%d %d %d %d", 9),
			    ratio(median("scale", s, n, "rate"),
			    median("scale", s, 0, "rate"))
		}
	}
}

function print_start()
{
	heading("bootward with 1,000,000 leases: ms from start to OFFER, " \
	    "and from the end of one daemon")
	printf "%10s%10s%10s%10s%14s%14s\n", "first", "again", "dhcpd", "store",
	    "dhcpd B/lease", "all RSS KiB"
	printf "%s%14.1f%s\n", row("start", "bootward", 1000000,
	    "first_ms again_ms child_ms store_ms", "%d %d %d %d", 10),
	    start_bytes(), cell(14, "%d", "start", "bootward", 1000000, "rss")
}

function start_bytes()
{
	return (median("start", "bootward", 1000000, "full") - \
	    median("start", "bootward", 1000000, "empty")) * 1024 / 1000000
}

function compare(name, what, t, c, k, peer, sense, bound)
{
	if (has(t, "bootward", c, k) && has(t, peer, c, k))
		goal(name, what " / " peer, ratio(median(t, "bootward", c, k),
		    median(t, peer, c, k)), sense, bound)
}

function goals_rate(	s, c)
{
	compare("D1", "DORA/s at 64", "rate", 64, "rate", "isc", ">=", 15)
	compare("D1", "DORA/s at 64", "rate", 64, "rate", "kea", ">=", 3)
	compare("D1", "DORA/s at 256", "rate", 256, "rate", "isc", ">=", 15)
	compare("D1", "DORA/s at 256", "rate", 256, "rate", "kea", ">=", 3)
	compare("D3", "OFFER p50 at 1", "rate", 1, "offer50", "kea", "<=", 0.7)
	compare("D3", "ACK p50 at 1", "rate", 1, "ack50", "isc", "<=", 0.85)
	compare("D4", "CPU per DORA at 64", "rate", 64, "cpu_us", "kea", "<=",
	    0.5)
	compare("D4", "CPU per DORA at 64", "rate", 64, "cpu_us", "isc", "<=",
	    0.15)
	compare("D6", "RSS idle, all daemons", "mem", "idle", "rss", "kea",
	    "<=", 1)
	compare("D6", "PSS idle, all daemons", "mem", "idle", "pss", "kea",
	    "<=", 1)
}

function goals_lost(	t)
{
	if (!has("rate", "bootward", 256, "rate"))
		return
	goal("D7", "lost at 256, worst", worst("rate", "bootward", 256, "lost"),
	    "<=", 0)
	t = worst("burst", "bootward", 1000, "lost")
	goal("D7", "lost of 1000 in one second, worst", t, "<=", 0)
	t = worst("rate", "bootward", 256, "naks") + \
	    worst("burst", "bootward", 1000, "naks") + \
	    worst("rate", "bootward", 64, "naks")
	goal("D7", "NAKs", t, "<=", 0)
	t = worst("rate", "bootward", 256, "wrong") + \
	    worst("burst", "bootward", 1000, "wrong") + \
	    worst("rate", "bootward", 64, "wrong")
	goal("D7", "wrong replies, duplicate addresses", t, "<=", 0)
}

function goals_scale(	a, b)
{
	if (!has("scale", "bootward", 100000, "rate"))
		return
	goal("D5", "DORA/s with 100,000 leases / with none",
	    ratio(median("scale", "bootward", 100000, "rate"),
	    median("scale", "bootward", 0, "rate")), ">=", 0.9)
	compare("D5", "start with 100,000 leases", "scale", 100000, "start_ms",
	    "kea", "<=", 1)
	a = median("scale", "bootward", 100000, "rss")
	b = median("scale", "bootward", 0, "rss")
	goal("D6", "KiB of RSS a lease, all daemons", (a - b) / 100000, "<=",
	    0.5)
}

function print_goals()
{
	heading("Goals: measured, wanted")
	goals_rate()
	goals_lost()
	if (has("sync", "bootward", 16, "done"))
		goal("D2", "fdatasync per DORA at 16",
		    per_dora("bootward", 16, "syncs"), "<=", 0.15)
	goals_scale()
	if (!has("start", "bootward", 1000000, "again_ms"))
		return
	goal("", "seconds to serving with 1,000,000 leases",
	    median("start", "bootward", 1000000, "again_ms") / 1000, "<=", 5)
	goal("", "bytes of dhcpd a lease", start_bytes(), "<=", 200)
}

END {
	if (table == "rate")
		print_rate()
	else if (table == "sync")
		print_sync()
	else if (table == "scale")
		print_scale()
	else if (table == "start")
		print_start()
	else
		print_goals()
}
