# SPDX-License-Identifier: ISC
#
# arp.awk: one table of the results, or what they say to the goals.

function label(s)
{
	if (s == "probing")
		return "bootward"
	return s == "bootward" ? "unproven" : s
}

# Microseconds as milliseconds; "-" for what never came.
function ms(width, t, s, c, k)
{
	if (!has(t, s, c, k))
		return sprintf("%" width "s", "-")
	return sprintf("%" width ".2f", median(t, s, c, k) / 1000)
}

# Frames that looked for addresses, for each client.
function frames(s)
{
	return ratio(median("alike", s, "frames", "probes") + \
	    median("alike", s, "frames", "requests") + \
	    median("alike", s, "frames", "echoes"),
	    median("alike", s, "frames", "clients"))
}

function print_alike(	i, s)
{
	heading("Milliseconds from DISCOVER to OFFER: one client; 20 and 200 " \
	    "in the same moment")
	printf "%-10s%9s%9s%10s%10s%10s%10s%10s\n", "", "1 p50", "p99",
	    "20 p50", "p99", "200 p50", "last", "frames"
	for (i = 1; i <= nservers["alike"]; i++) {
		s = servers["alike", i]
		printf "%-10s%s%s%s%s%s%s%10.1f\n", label(s),
		    ms(9, "alike", s, 1, "p50"), ms(9, "alike", s, 1, "p99"),
		    ms(10, "alike", s, 20, "p50"),
		    ms(10, "alike", s, 20, "p99"),
		    ms(10, "alike", s, 200, "p50"),
		    ms(10, "alike", s, 200, "last"), frames(s)
	}
	print "(frames: ARP and pings that look for addresses of the pool, " \
	    "for each client)"
	print_faults("alike", "1 20 200")
}

# What should not be: wrong OFFERs, one address for two, requests repeated.
function print_faults(t, cases,	i, j, m, c, s, line)
{
	m = split(cases, c, " ")
	for (i = 1; i <= nservers[t]; i++) {
		s = servers[t, i]
		for (j = 1; j <= m; j++) {
			line = ""
			if (worst(t, s, c[j], "wrong") > 0)
				line = line " wrong " worst(t, s, c[j], "wrong")
			if (worst(t, s, c[j], "twice") > 0)
				line = line " offered to two " \
				    worst(t, s, c[j], "twice")
			if (worst(t, s, c[j], "again") > 0)
				line = line " asked again " \
				    worst(t, s, c[j], "again")
			if (line != "")
				print label(s) ", " c[j] ":" line
		}
	}
}

function print_squat()
{
	squatters("quiet", "answer ARP, but no pings")
	squatters("pinged", "answer ARP and pings")
}

function squatters(c, what,	i, s)
{
	heading("Half of the pool is used by machines that " what ": 10 " \
	    "clients, ms to an OFFER they can use")
	printf "%-10s%14s%10s%12s%12s%14s\n", "", "taken offered", "served",
	    "p50", "last", "asked again"
	for (i = 1; i <= nservers["squat"]; i++) {
		s = servers["squat", i]
		if (has("squat", s, c, "served"))
			printf "%-10s%14d%7d/%2d%s%s%14d\n", label(s),
			    worst("squat", s, c, "taken"),
			    median("squat", s, c, "served"),
			    median("squat", s, c, "asked"),
			    ms(12, "squat", s, c, "p50"),
			    ms(12, "squat", s, c, "last"),
			    worst("squat", s, c, "again")
	}
}

function print_cold(	i, s)
{
	heading("As soon as it says that it runs: milliseconds from DISCOVER " \
	    "to OFFER")
	printf "%-10s%9s%10s%10s%10s%10s\n", "", "1", "20 p50", "last",
	    "200 p50", "last"
	for (i = 1; i <= nservers["cold"]; i++) {
		s = servers["cold", i]
		printf "%-10s%s%s%s%s%s\n", label(s),
		    ms(9, "cold", s, 1, "last"), ms(10, "cold", s, 20, "p50"),
		    ms(10, "cold", s, 20, "last"),
		    ms(10, "cold", s, 200, "p50"),
		    ms(10, "cold", s, 200, "last")
	}
	print_faults("cold", "1 20 200")
}

function cost(c, k)
{
	return median("cost", "probing", c, k)
}

function print_cost(	proofs)
{
	proofs = cost("end", "proven") - cost("idle", "proven")
	heading("What arpd's proofs cost: a quiet time of 10 s, then 12 " \
	    "bursts of 500 clients")
	printf "%-44s%10d%10d\n", "addresses proven at rest, and at the end",
	    cost("idle", "stock"), cost("end", "stock")
	printf "%-44s%10d%10d\n", "RSS of arpd then, KiB", cost("idle", "rss"),
	    cost("end", "rss")
	printf "%-44s%10.1f\n", "bytes for each proof",
	    ratio((cost("end", "rss") - cost("idle", "rss")) * 1024,
	    cost("end", "stock") - cost("idle", "stock"))
	printf "%-44s%10.2f\n", "probes a second at rest",
	    (cost("rest", "sent") - cost("idle", "sent")) / 10
	printf "%-44s%10.1f\n", "CPU at rest, microseconds a second",
	    (cost("rest", "cpu") - cost("idle", "cpu")) / 10
	printf "%-44s%10.2f\n", "probes for each proof",
	    ratio(cost("end", "sent") - cost("idle", "sent"), proofs)
	printf "%-44s%10.1f\n", "CPU for each proof, microseconds",
	    ratio(cost("end", "cpu") - cost("rest", "cpu"), proofs)
	printf "%-44s%10.2f%10.2f%10.2f\n", "ms to the OFFERs: p50, p99, last",
	    cost("burst", "p50") / 1000, cost("burst", "p99") / 1000,
	    cost("burst", "last") / 1000
}

function peers_last(s)
{
	if (has("alike", "probing", 20, "last") && has("alike", s, 20, "last"))
		goal("A1", "20 at once: last OFFER / " s,
		    ratio(median("alike", "probing", 20, "last"),
		    median("alike", s, 20, "last")), "<=", 0.01)
}

# A client that is really alone: nothing of the one before is still at work.
function alone(s)
{
	if (has("alike", s, 1, "p50") && has("alike", "kea", 1, "p50"))
		goal("D3", "one client: p50 / kea, " label(s),
		    ratio(median("alike", s, 1, "p50"),
		    median("alike", "kea", 1, "p50")), "<=", 0.7)
}

function print_goals(	c)
{
	heading("Goals: measured, wanted")
	if (has("alike", "probing", 20, "p99"))
		goal("A1", "20 at once: p99, ms",
		    median("alike", "probing", 20, "p99") / 1000, "<=", 2)
	peers_last("isc")
	peers_last("dnsmasq")
	peers_last("udhcpd")
	for (c = 1; c <= 20; c += 19)
		if (has("alike", "probing", c, "p50") &&
		    has("alike", "bootward", c, "p50"))
			goal("A1", c " at once: p50 / with probe off",
			    ratio(median("alike", "probing", c, "p50"),
			    median("alike", "bootward", c, "p50")), "<=", 1.1)
	alone("probing")
	alone("bootward")
	if (has("squat", "probing", "quiet", "taken"))
		goal("A1", "addresses offered that are in use, worst",
		    worst("squat", "probing", "quiet", "taken") + \
		    worst("squat", "probing", "pinged", "taken"), "<=", 0)
}

END {
	if (table == "alike")
		print_alike()
	else if (table == "squat")
		print_squat()
	else if (table == "cold")
		print_cold()
	else if (table == "cost")
		print_cost()
	else
		print_goals()
}
