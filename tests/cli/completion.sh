#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Completion in the three shells, as each of them asks for it.
# shellcheck disable=SC2207
. "$(dirname "$0")/lib.sh"
for shell in bash zsh fish; do "$CERTFLEET" completion $shell >run/$shell; is $? 0 "a script for $shell"; done
is "$("$CERTFLEET" completion ksh 2>&1)" "certfleet: the shell must be bash, zsh or fish, not 'ksh'" "no other shell"
touch shop.yaml

# ---- bash ----
bash -n run/bash; ok $? "bash reads its script"
. run/bash
bash_offers() { # WORD...: what is offered for the last one, in one line
	COMP_WORDS=(certfleet "$@") COMP_CWORD=$# COMPREPLY=()
	_certfleet
	echo "${COMPREPLY[*]}"
}
is "$(bash_offers val)" validate "bash: a command"
is "$(bash_offers -C shop --file = certfleet.yaml ba)" backup "bash: after options with values"
is "$(bash_offers backup "")" "$(bash_offers --) create list verify export restore" "bash: common options, and the second word of a command"
is "$(bash_offers backup verify --str)" --structure "bash: an option of the command"
is "$(bash_offers status --file plan --prom)" --prometheus "bash: a value is not a command"
is "$(bash_offers plan --color "")" "auto always never" "bash: the values of an option"
is "$(bash_offers plan --color = a)" "auto always" "bash: after its ="
is "$(bash_offers plan --out sh)" shop.yaml "bash: files"
is "$(bash_offers plan --json-)" "" "bash: nothing, when nothing fits"
hasnt "$(bash_offers "")" inspect "bash: no command that this version does not have"

# ---- fish ----
fish_offers() { HOME=$PWD/run fish --no-config -c "source run/fish; complete -C '$1'" 2>&1 | cut -f1 | xargs; }
is "$(fish_offers 'certfleet val')" validate "fish: a command"
is "$(fish_offers 'certfleet -C shop --file plan backup ')" "create export list restore verify" "fish: the second word of a command, after options with values"
is "$(fish_offers 'certfleet backup verify --str')" --structure "fish: an option of the command"
is "$(fish_offers 'certfleet plan --color ')" "always auto never" "fish: the values of an option"
has "$(HOME=$PWD/run fish --no-config -c "source run/fish; complete -C 'certfleet stat'")" "show what" "fish: with what it is for"

# ---- zsh ----
# In a terminal of its own: what it completes is what it runs.
zsh -n run/zsh; ok $? "zsh reads its script"
zsh_completes() { # LINE: the words of the command after a tab
	cat >run/terminal.zsh <<-'END'
		zmodload zsh/zpty
		zpty terminal "HOME=$PWD/run TERM=dumb PS1= zsh -fi"
		zpty -w terminal 'autoload -U compinit; compinit -u -d run/zcompdump; source run/zsh'
		zpty -w terminal 'certfleet() { print -rl -- "$@" >run/completed; exit }'
		zpty -w -n terminal $1$'\t\n'
		for ((i = 0; i < 600; i++)); do
			[[ -e run/completed ]] && break
			zpty -rt terminal line; sleep 0.05
		done
		zpty -d terminal
	END
	rm -f run/completed
	timeout 60 zsh -f run/terminal.zsh "$1" >run/said 2>&1
	xargs <run/completed
}
is "$(zsh_completes 'certfleet val')" validate "zsh: a command"
is "$(zsh_completes 'certfleet -C shop --file=plan backup ver')" "-C shop --file=plan backup verify" "zsh: the second word of a command, after options with values"
is "$(zsh_completes 'certfleet backup verify --str')" "backup verify --structure" "zsh: an option of the command"
is "$(zsh_completes 'certfleet plan --color=al')" "plan --color=always" "zsh: the values of an option"
finish
