# SPDX-License-Identifier: ISC
#
# table.awk: what tables are made of.  A line of the results is TABLE SERVER
# CASE KEY=VALUE...; of repetitions the median counts, of what must not happen
# the worst.

{
	if (!(($1, $2) in seen)) {
		seen[$1, $2] = 1
		servers[$1, ++nservers[$1]] = $2
	}
	for (i = 4; i <= NF; i++) {
		n = index($i, "=")
		key = $1 SUBSEP $2 SUBSEP $3 SUBSEP substr($i, 1, n - 1)
		value[key, ++count[key]] = substr($i, n + 1) + 0
	}
}

function has(t, s, c, k)
{
	return (((t SUBSEP s SUBSEP c SUBSEP k) in count))
}

function median(t, s, c, k,	key, i, j, m, v, x)
{
	key = t SUBSEP s SUBSEP c SUBSEP k
	m = count[key]
	if (m == 0)
		return 0
	for (i = 1; i <= m; i++) {
		x = value[key, i]
		for (j = i; j > 1 && v[j - 1] > x; j--)
			v[j] = v[j - 1]
		v[j] = x
	}
	return m % 2 ? v[(m + 1) / 2] : (v[m / 2] + v[m / 2 + 1]) / 2
}

function worst(t, s, c, k,	key, i, x)
{
	key = t SUBSEP s SUBSEP c SUBSEP k
	for (i = 1; i <= count[key]; i++)
		if (value[key, i] > x)
			x = value[key, i]
	return x + 0
}

# A cell; "-" when it was not measured.
function cell(width, format, t, s, c, k)
{
	if (!has(t, s, c, k))
		return sprintf("%" width "s", "-")
	return sprintf("%" width "s", sprintf(format, median(t, s, c, k)))
}

function row(t, s, c, keys, formats, width,	i, m, k, f, line)
{
	m = split(keys, k, " ")
	split(formats, f, " ")
	for (i = 1; i <= m; i++)
		line = line cell(width, f[i], t, s, c, k[i])
	return line
}

function heading(text)
{
	printf "\n%s\n", text
}

function ratio(a, b)
{
	return b > 0 ? a / b : 0
}

# One goal: what was seen, whether less or more is wanted, and the bound.
function goal(name, what, got, sense, bound)
{
	printf "%-4s%-58s%9.2f %s %-7s %s\n", name, what, got, sense, bound,
	    (sense == "<=" ? got <= bound : got >= bound) ? "yes" : "NO"
}
