/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ssh_target.h"

#include "base/child.h"
#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "install/entry.h"
#include "install/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORD_BYTES = 16
};

/*
 * The remote script.  `end` is set to the first word of its last line.  POSIX
 * except where there is no other way: mv -T (does not follow a link to a
 * directory), sync of one directory, timeout.
 */
static const char script[] =
	"PATH=" CHILD_PATH "\n"
	"LC_ALL=C\n"
	"export PATH LC_ALL\n"
	"umask 022\n"
	"exec 2>&1\n"
	"trap 'printf \"\\n%s %s\\n\" \"$end\" \"$?\"' EXIT\n"
	"set -eu\n"
	"tell() { printf '" SSH_SCRIPT_TOLD "%s\\n' \"$*\"; }\n"
	"left() {\n"
	"	until=$(readlink -- \"$1/activation\")\n"
	"	until=$(number \"${until##* }\")\n"
	"	echo $((${until:-0} - $(date +%s)))\n"
	"}\n"
	"number() { case $1 in *[!0-9]*) ;; *) echo \"$1\" ;; esac; }\n"
	"ours() {\n"
	"	set -f\n"
	"	set -- $(ls -ldn -- \"$1\")\n"
	"	set +f\n"
	"	case $1 in ?????w*|????????w*) return 1 ;; esac\n"
	"	[ \"$3\" = 0 ] || [ \"$3\" = \"$(id -u)\" ]\n"
	"}\n"
	"labels() {\n"
	"	case $(ls -ldL -- \"$1\") in ??????????+*) printf acl ;; esac\n"
	"	[ ! -e /sys/fs/selinux/enforce ] || printf ' %s' \"$(stat -Lc %C -- \"$1\")\"\n"
	"}\n"
	"names() {\n"
	"	set -f\n"
	"	set -- $(ls -ldn -- \"$1\")\n"
	"	set +f\n"
	"	echo \"$2\"\n"
	"}\n"
	"while [ $# -gt 0 ]; do\n"
	"	act=$1\n"
	"	shift\n"
	"	case $act in\n"
	"	who)\n"
	"		tell uid \"$(id -u)\"\n"
	"		tell groups \"$(id -G)\"\n"
	"		[ -z \"$1\" ] || tell owner \"$(id -u -- \"$1\" 2>/dev/null || number \"$1\")\"\n"
	"		id=$(getent group -- \"$2\" | cut -d: -f3)\n"
	"		[ -z \"$2\" ] || tell group \"${id:-$(number \"$2\")}\"\n"
	"		for tool in mv cp ln rm mkdir readlink sync env timeout flock setsid; do\n"
	"			command -v $tool >/dev/null || tell lacks $tool\n"
	"		done\n"
	"		shift 2 ;;\n"
	"	writable)\n"
	"		{ [ -w \"$1\" ] && [ -x \"$1\" ]; } || tell closed \"$1\"\n"
	"		shift ;;\n"
	"	mounted)\n"
	"		while read -r m m m m point m; do\n"
	"			case $point in *\\\\*) point=$(printf %b \"$point\") ;; esac\n"
	"			[ \"$point\" != \"$1\" ] || tell mounted \"$1\"\n"
	"		done </proc/self/mountinfo || :\n"
	"		shift ;;\n"
	"	links)\n"
	"		if [ -f \"$2\" ]; then\n"
	"			has=$(labels \"$2\")\n"
	"			case $has in acl*) tell acl \"$1\" ;; esac\n"
	"			case $has in *' '*) tell label \"$1\" ;; esac\n"
	"			[ -z \"$has\" ] || command cp --help | grep -q -e --attributes-only || tell plain cp\n"
	"		fi\n"
	"		[ ! -f \"$2\" ] || [ -L \"$2\" ] || [ \"$(names \"$2\")\" = 1 ] || tell linked \"$1\"\n"
	"		shift 2 ;;\n"
	"	activating)\n"
	"		case $(readlink -- \"$1/activation\" || :) in\n"
	"		'runs '*) flock -n \"$1\" true || tell activating \"$(left \"$1\")\" ;;\n"
	"		esac\n"
	"		shift ;;\n"
	"	lock)\n"
	"		exec 9<\"$1\"\n"
	"		flock -w \"$2\" 9 || exit 75\n"
	"		shift 2 ;;\n"
	"	directory)\n"
	"		{ [ -d \"$1\" ] && [ ! -L \"$1\" ]; } || mkdir -m 755 -- \"$1\"\n"
	"		ours \"$1\" || exit 77\n"
	"		shift ;;\n"
	"	expect)\n"
	"		[ \"$(readlink -- \"$1\" 2>/dev/null || :)\" = \"$2\" ] || exit 76\n"
	"		shift 2 ;;\n"
	"	link)\n"
	"		rm -f -- \"$3\"\n"
	"		ln -s -- \"$2\" \"$3\"\n"
	"		mv -fT -- \"$3\" \"$1\"\n"
	"		shift 3 ;;\n"
	"	copy)\n"
	"		rm -f -- \"$3\"\n"
	"		umask 077\n"
	"		cp -a -- \"$2\" \"$3\"\n"
	"		umask 022\n"
	"		sync -- \"$3\" || sync\n"
	"		mv -fT -- \"$3\" \"$1\"\n"
	"		shift 3 ;;\n"
	"	keep)\n"
	"		rm -f -- \"$4\"\n"
	"		umask 077\n"
	"		cp -aL --attributes-only -- \"$2\" \"$4\"\n"
	"		chown --reference=\"$1\" -- \"$4\"\n"
	"		chmod \"$3\" -- \"$4\"\n"
	"		umask 022\n"
	"		if [ \"$(labels \"$2\")\" != \"$(labels \"$4\")\" ]; then\n"
	"			echo \"the ACL or security label of '$2' cannot be kept\"\n"
	"			exit 1\n"
	"		fi\n"
	"		cat <\"$1\" >\"$4\"\n"
	"		sync -- \"$4\" || sync\n"
	"		mv -fT -- \"$4\" \"$1\"\n"
	"		shift 4 ;;\n"
	"	move)\n"
	"		if [ -e \"$2\" ] || [ -L \"$2\" ]; then exit 76; fi\n"
	"		mv -T -- \"$1\" \"$2\"\n"
	"		shift 2 ;;\n"
	"	carry)\n"
	"		rm -rf -- \"$2\"\n"
	"		if [ -L \"$1\" ]; then\n"
	"			text=$(readlink -- \"$1\")\n"
	"			case $text in ../*) text=$3$text ;; esac\n"
	"			ln -s -- \"$text\" \"$2\"\n"
	"		elif [ -d \"$1\" ]; then\n"
	"			cp -al -- \"$1\" \"$2\"\n"
	"		else\n"
	"			ln -- \"$1\" \"$2\"\n"
	"		fi\n"
	"		shift 3 ;;\n"
	"	exchange)\n"
	"		if [ -e \"$2\" ] || [ -L \"$2\" ]; then exit 76; fi\n"
	"		rm -f -- \"$4\"\n"
	"		ln -s -- \"$3\" \"$4\"\n"
	"		mv -T -- \"$1\" \"$2\"\n"
	"		mv -fT -- \"$4\" \"$1\" || { mv -T -- \"$2\" \"$1\"; exit 1; }\n"
	"		shift 4 ;;\n"
	"	clean)\n"
	"		[ -d \"$1\" ] || rm -f -- \"$1\"\n"
	"		shift ;;\n"
	"	unlink)\n"
	"		[ ! -L \"$1\" ] || rm -f -- \"$1\"\n"
	"		shift ;;\n"
	"	remove)\n"
	"		rm -rf -- \"$1\"\n"
	"		shift ;;\n"
	"	sync)\n"
	"		sync -- \"$1\" || sync\n"
	"		shift ;;\n"
	"	command)\n"
	"		setsid sh -c \"$supervisor\" sh \"$end\" \"${HOME:-/}\" \"$@\" </dev/null >/dev/null 2>&1 9<&9 &\n"
	"		wait $! || :\n"
	"		set -- outcome \"$1\" \"$end\" ;;\n"
	"	outcome)\n"
	"		said=$(readlink -- \"$1/activation\" || :)\n"
	"		case $said in\n"
	"		'ended '*\" $2 \"*) ;;\n"
	"		*) echo 'it was not run, or what ran it was killed'; exit 70 ;;\n"
	"		esac\n"
	"		printf '%s\\n' \"${said#*\" $2 \"}\"\n"
	"		said=${said%%\" $2 \"*}\n"
	"		exit \"${said##* }\" ;;\n"
	"	*)\n"
	"		exit 64 ;;\n"
	"	esac\n"
	"done\n"
	"exit 0\n"
	"}\n";

/*
 * What runs a command beside its store, as a process of its own: the lock is its
 * descriptor 9.  What the command leaves behind may hold its output open, so that ends
 * with a line that begins with a random word.  A unit that has a job is waited for.
 */
static const char supervisor_text[] =
	"supervisor='\n"
	"end=$1 home=$2 store=$3 new=$4 fingerprint=$5 component=$6 seconds=$7 unit=$8\n"
	"shift 8\n"
	"until=$(($(date +%s) + seconds))\n"
	"record() {\n"
	"	rm -f -- \"$new\"\n"
	"	ln -s -- \"$1\" \"$new\" && mv -fT -- \"$new\" \"$store/activation\"\n"
	"	sync -- \"$store\" || sync\n"
	"}\n"
	"has_job() {\n"
	"	case $(systemctl show --property=Job -- \"$unit\") in *Job=[1-9]*) ;; *) return 1 ;; esac\n"
	"}\n"
	"run() {\n"
	"	while [ -n \"$unit\" ] && has_job; do\n"
	"		[ \"$(date +%s)\" -lt \"$until\" ] || { echo \"unit $unit has a job\"; return 75; }\n"
	"		sleep 1\n"
	"	done\n"
	"	seconds=$((until - $(date +%s)))\n"
	"	env -i PATH=\"$PATH\" LANG=C.UTF-8 HOME=\"$home\" \\\n"
	"		CERTFLEET_COMPONENT=\"$component\" CERTFLEET_FINGERPRINT=\"$fingerprint\" \\\n"
	"		timeout -k 5 $((seconds > 0 ? seconds : 1)) \"$@\" </dev/null 9<&-\n"
	"}\n"
	"record \"runs $fingerprint $until\"\n"
	"said=$({ run \"$@\"; printf \"\\n%s %s\\n\" \"$end\" $?; } 2>&1 | sed \"/^$end /q\" | tail -c 400)\n"
	"record \"ended $fingerprint ${said##*\"$end \"} $end ${said%\"$end \"*}\"\n"
	"'\n";

void ssh_script_quote(struct buf *out, const char *text)
{
	buf_putc(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *text);
	buf_putc(out, '\'');
}

static void ssh_script_add(struct ssh_script_ops *a, const char *word)
{
	buf_putc(&a->words, ' ');
	ssh_script_quote(&a->words, word);
}

static void add_act(struct ssh_script_ops *a, const char *act, const char *first)
{
	ssh_script_add(a, act);
	ssh_script_add(a, first);
}

static const char *temporary(struct ssh_script_ops *a, const char *path)
{
	char name[NAME_MAX + 1];

	entry_temporary(strrchr(path, '/') + 1, name);
	return arena_printf(a->arena, "%s/%s", fs_dirname(a->arena, path), name);
}

void ssh_script_owner(struct ssh_script_ops *a, const char *owner, const char *group)
{
	add_act(a, "who", owner ? owner : "");
	ssh_script_add(a, group ? group : "");
}

void ssh_script_writable(struct ssh_script_ops *a, const char *directory)
{
	add_act(a, "writable", directory);
}

void ssh_script_mounted(struct ssh_script_ops *a, const char *path)
{
	add_act(a, "mounted", path);
}

void ssh_script_links(struct ssh_script_ops *a, const char *name, const char *path)
{
	add_act(a, "links", name);
	ssh_script_add(a, path);
}

void ssh_script_activating(struct ssh_script_ops *a, const char *store)
{
	add_act(a, "activating", store);
}

static const char *seconds_text(struct ssh_script_ops *a, int64_t seconds)
{
	return arena_printf(a->arena, "%" PRId64, seconds);
}

void ssh_script_lock(struct ssh_script_ops *a, const char *store, int64_t seconds)
{
	add_act(a, "lock", store);
	ssh_script_add(a, seconds_text(a, seconds));
}

void ssh_script_directory(struct ssh_script_ops *a, const char *path)
{
	add_act(a, "directory", path);
}

void ssh_script_expect(struct ssh_script_ops *a, const char *link, const char *text)
{
	add_act(a, "expect", link);
	ssh_script_add(a, text);
}

void ssh_script_link(struct ssh_script_ops *a, const char *path, const char *text)
{
	add_act(a, "link", path);
	ssh_script_add(a, text);
	ssh_script_add(a, temporary(a, path));
}

void ssh_script_copy(struct ssh_script_ops *a, const char *path, const char *from)
{
	add_act(a, "copy", path);
	ssh_script_add(a, from);
	ssh_script_add(a, temporary(a, path));
}

void ssh_script_keep(struct ssh_script_ops *a, const char *path, const struct fs_attr *attr)
{
	add_act(a, "keep", path);
	ssh_script_add(a, attr->acl ? attr->acl : attr->label);
	ssh_script_add(a, arena_printf(a->arena, "%04o", (unsigned)attr->mode));
	ssh_script_add(a, temporary(a, path));
}

void ssh_script_move(struct ssh_script_ops *a, const char *from, const char *to)
{
	add_act(a, "move", from);
	ssh_script_add(a, to);
}

void ssh_script_carry(struct ssh_script_ops *a, const char *from, const char *to, bool deeper)
{
	add_act(a, "carry", from);
	ssh_script_add(a, to);
	ssh_script_add(a, deeper ? "../" : "");
}

void ssh_script_exchange(struct ssh_script_ops *a, const char *path, const char *kept,
			 const char *text)
{
	add_act(a, "exchange", path);
	ssh_script_add(a, kept);
	ssh_script_add(a, text);
	ssh_script_add(a, temporary(a, path));
}

void ssh_script_unlink(struct ssh_script_ops *a, const char *link)
{
	add_act(a, "unlink", link);
}

void ssh_script_clean(struct ssh_script_ops *a, const char *path)
{
	add_act(a, "clean", temporary(a, path));
}

void ssh_script_remove(struct ssh_script_ops *a, const char *path)
{
	add_act(a, "remove", path);
}

void ssh_script_sync(struct ssh_script_ops *a, const char *directory)
{
	add_act(a, "sync", directory);
}

void ssh_script_command(struct ssh_script_ops *a, const struct ssh_script_command *c)
{
	add_act(a, "command", c->store);
	ssh_script_add(a,
		       temporary(a, arena_printf(a->arena, "%s/%s", c->store, STORE_ACTIVATION)));
	ssh_script_add(a, c->fingerprint);
	ssh_script_add(a, c->component);
	ssh_script_add(a, seconds_text(a, c->seconds));
	ssh_script_add(a, c->unit ? c->unit : "");
	for (size_t i = 0; c->argv[i]; i++)
		ssh_script_add(a, c->argv[i]);
}

void ssh_script_outcome(struct ssh_script_ops *a, const char *store, const struct ssh_op *run)
{
	add_act(a, "outcome", store);
	ssh_script_add(a, arena_strndup(a->arena, run->end, strcspn(run->end, " ")));
}

/* A random word that no program run by the script can know, and so not print. */
static const char *new_word(struct arena *a)
{
	unsigned char bytes[WORD_BYTES];
	char hex[2 * WORD_BYTES + 1];

	random_bytes(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), hex);
	return arena_printf(a, "certfleet-end-%s", hex);
}

struct ssh_op ssh_script_run(struct ssh_script_ops *a)
{
	const char *word = new_word(a->arena);
	const char *whole = arena_printf(a->arena, "{\nend=%s\nset --%s\n%s%s", word,
					 buf_text(&a->words), supervisor_text, script);

	buf_release(&a->words);
	a->words = (struct buf){ 0 };
	return (struct ssh_op){ .kind = SSH_RUN,
				.bytes = whole,
				.len = strlen(whole),
				.end = arena_printf(a->arena, "%s ", word),
				.needed = true };
}
