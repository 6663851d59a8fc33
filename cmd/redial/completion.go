// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

const completionHelp = `Prints a script that makes a shell complete verbs, and after "explain" every
fault id, code and name:

  bash   source <(redial completion bash)
  zsh    source <(redial completion zsh)
  fish   redial completion fish | source`

func runCompletion(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "completion bash|zsh|fish", completionHelp)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	return writeCompletion(e.stdout, rest[0], verbs())
}

// writeCompletion prints the script of one shell for a list of verbs. The words
// of "explain" are asked of the binary when they are needed, so that the script
// never grows old.
func writeCompletion(w io.Writer, shell string, verbs []verb) error {
	var names []string
	for _, v := range verbs {
		names = append(names, v.name)
	}
	switch shell {
	case "bash":
		fmt.Fprintf(w, bashCompletion, strings.Join(names, " "))
	case "zsh":
		var described []string
		for _, v := range verbs {
			described = append(described, zshQuote(v.name+":"+v.line))
		}
		fmt.Fprintf(w, zshCompletion, strings.Join(described, "\n      "))
	case "fish":
		fmt.Fprint(w, "complete -c redial -f\n")
		for _, v := range verbs {
			fmt.Fprintf(w, "complete -c redial -n __fish_use_subcommand -a %s -d %s\n", v.name, fishQuote(v.line))
		}
		fmt.Fprint(w, fishCompletion)
	default:
		return usagef("there is no completion for %q; there are bash, zsh and fish", shell)
	}
	return nil
}

func zshQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

const bashCompletion = `# bash completion for redial: source <(redial completion bash)
_redial() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]}
  local IFS=$'\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(printf '%%s\n' %s help)" -- "$cur"))
  elif [ "$verb" = explain ]; then
    COMPREPLY=($(compgen -W "$(redial faults -words 2>/dev/null)" -- "$cur"))
    COMPREPLY=("${COMPREPLY[@]// /\\ }")
  fi
}
complete -o default -F _redial redial
`

const zshCompletion = `#compdef redial
# zsh completion for redial: source <(redial completion zsh)
_redial() {
  local -a verbs words
  if (( CURRENT == 2 )); then
    verbs=(
      %s
    )
    _describe 'verb' verbs
  elif [[ $words[2] == explain ]]; then
    words=("${(@f)$(redial faults -words 2>/dev/null)}")
    compadd -a words
  else
    _files
  fi
}
compdef _redial redial
`

const fishCompletion = `complete -c redial -n '__fish_seen_subcommand_from explain' -a '(redial faults -words 2>/dev/null)'
`
