// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/scenario"
)

const completionHelp = `Prints a script that makes a shell complete verbs, flags and what is behind them:
faults and their codes, rooms, peers, sessions and injections. The last four are
asked of the server (REDIAL_SERVER and REDIAL_TOKEN, or -server and -token).

  bash   source <(redial completion bash)
  zsh    source <(redial completion zsh)
  fish   redial completion fish | source`

// shellScripts ask the program itself what could stand at the end of a line, so
// that they never grow old. What they get is a word in each line, with a tab and a
// description behind some; files are completed where there is none. Some words are
// strangers', such as names of rooms: no shell may expand them (bash's compgen -W
// would).
var shellScripts = map[string]string{
	"bash": `# bash completion for redial: source <(redial completion bash)
_redial() {
  local word _about
  COMPREPLY=()
  while IFS=$'\t' read -r word _about; do
    printf -v word %q "$word"
    COMPREPLY+=("$word")
  done < <(redial ` + completeVerb + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _redial redial
`,
	"zsh": `#compdef redial
# zsh completion for redial: source <(redial completion zsh)
_redial() {
  local -a found
  found=("${(@f)$(redial ` + completeVerb + ` "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "${found[*]}" ]]; then
    _files
    return
  fi
  found=("${(@)found//:/\\:}")
  found=("${(@)found/$'\t'/:}")
  _describe -o 'redial' found
}
compdef _redial redial
`,
	"fish": `# fish completion for redial: redial completion fish | source
function __redial_words
  redial ` + completeVerb + ` (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c redial -f -a '(__redial_words)'
complete -c redial -n 'test -z "$(__redial_words | string collect)"' -F
`,
}

var shells = slices.Sorted(maps.Keys(shellScripts))

func runCompletion(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "completion bash|zsh|fish", completionHelp)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	script, ok := shellScripts[rest[0]]
	if !ok {
		return noSuch("completion for the shell", rest[0], shells)
	}
	_, err = fmt.Fprint(e.stdout, script)
	return err
}

// completeVerb is what the scripts call, with the words of the line after
// "redial" up to the one that is being written, which may be empty.
const completeVerb = "__complete"

// errCompleting ends a verb that was only asked for its flags.
var errCompleting = errors.New("completing")

// askPatience is how long a shell waits for a server's words.
const askPatience = 2 * time.Second

func runComplete(ctx context.Context, e *env, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	for _, word := range complete(ctx, e, args) {
		fmt.Fprintln(e.stdout, clean(word[0])+strings.TrimRight("\t"+clean(word[1]), "\t"))
	}
	return nil
}

// complete returns the words that could stand in the place of the last argument,
// each with what it means, or "". There are none where files are named, or where
// nobody can know.
func complete(ctx context.Context, e *env, args []string) [][2]string {
	if len(args) < 2 {
		return verbWords(append(args, "")[0])
	}
	words, current := args[1:len(args)-1], args[len(args)-1]
	if args[0] == "help" {
		if len(words) == 0 {
			return verbWords(current)
		}
		return nil
	}
	all := verbs()
	i := slices.IndexFunc(all, func(v verb) bool { return v.name == args[0] })
	if i < 0 {
		return nil
	}
	var out [][2]string
	if len(words) == 0 && !strings.HasPrefix(current, "-") {
		out = starting(plain(all[i].subs), current)
	}
	quiet := *e
	quiet.completing, quiet.flags = true, nil
	if err := all[i].run(ctx, &quiet, words); !errors.Is(err, errCompleting) {
		return out
	}
	c := completer{ctx: ctx, flags: quiet.flags, env: e}
	var pending string
	if c.rest, pending = c.read(words); len(c.rest) > 0 && strings.HasSuffix(quiet.flags.verb(), " "+c.rest[0]) {
		c.rest = c.rest[1:] // "run" of "scenario run" is no argument of it
	}
	if pending != "" {
		return starting(c.values(pending), current)
	}
	if name, value, ok := strings.Cut(strings.TrimLeft(current, "-"), "="); ok && strings.HasPrefix(current, "-") {
		var joined [][2]string
		for _, v := range starting(c.values(name), value) {
			joined = append(joined, [2]string{"-" + name + "=" + v[0], v[1]})
		}
		return joined
	}
	if strings.HasPrefix(current, "-") {
		return starting(c.flagWords(), "-"+strings.TrimLeft(current, "-"))
	}
	return append(out, starting(c.arguments(), current)...)
}

func verbWords(current string) [][2]string {
	var out [][2]string
	for _, v := range verbs() {
		out = append(out, [2]string{v.name, v.line})
	}
	return starting(append(out, [2]string{"help", "say more about a verb"}), current)
}

// completer knows a verb's flags, as far as they have been written.
type completer struct {
	ctx   context.Context
	env   *env
	flags *flags
	rest  []string // the arguments so far
}

// read takes the flags that are written already, and returns the arguments and the
// flag that waits for its value, or "". What cannot be read is left out: the verb
// will refuse it.
func (c *completer) read(words []string) (rest []string, pending string) {
	for i := 0; i < len(words); i++ {
		name, value, joined := strings.Cut(strings.TrimLeft(words[i], "-"), "=")
		d := c.flags.Lookup(name)
		if !strings.HasPrefix(words[i], "-") || d == nil {
			rest = append(rest, words[i])
			continue
		}
		if b, ok := d.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			continue
		}
		if !joined {
			if i++; i == len(words) {
				return rest, name
			}
			value = words[i]
		}
		_ = c.flags.Set(name, value)
	}
	return rest, ""
}

func (c *completer) flagWords() [][2]string {
	var out [][2]string
	c.flags.VisitAll(func(d *flag.Flag) {
		_, about := flag.UnquoteUsage(d)
		out = append(out, [2]string{"-" + d.Name, about})
	})
	return out
}

// values are what a flag takes, where that is known.
func (c *completer) values(name string) [][2]string {
	switch name {
	case "room":
		return c.ask(c.rooms)
	case "peer":
		return c.ask(c.peers)
	case "session":
		return c.ask(c.sessions)
	case "role":
		return c.ask(c.roles)
	case "end":
		return c.ask(c.injections)
	case "fault":
		return kinds()
	case "lang":
		return plain(fault.Languages())
	case "dialect":
		return plain(dialectNames())
	case "area":
		return plain(texts(fault.Areas()))
	case "by":
		return plain(eventjson.Dimensions())
	case "type":
		return plain(texts(event.Types))
	case "compare":
		return plain([]string{"previous", "day", "week"})
	case "layer":
		return plain([]string{"none", "low", "medium", "high"})
	case "publish":
		return plain([]string{"pattern", "simulcast", "tone"})
	case "log-format":
		return plain([]string{"text", "json"})
	case "log-level":
		return plain([]string{"debug", "info", "warn", "error"})
	case "grant":
		return plain([]string{"inject"})
	case "direction":
		return plain([]string{"in", "out"})
	case "side":
		return plain([]string{"publish", "subscribe"})
	case "network":
		return plain([]string{"udp", "tcp"})
	case "packets":
		return plain([]string{"stun", "dtls", "rtp", "rtcp", "media", "audio", "video"})
	}
	return nil
}

// arguments are what can follow a verb.
func (c *completer) arguments() [][2]string {
	if len(c.rest) > 0 {
		return nil
	}
	switch c.flags.verb() {
	case "explain":
		return explainable()
	case "inject":
		return append(explainable(), c.ask(c.mechanisms)...)
	case "scenario run", "scenario check", "scenario show":
		var out [][2]string
		for _, r := range scenario.Library() {
			out = append(out, [2]string{r.Name, ""})
		}
		return out
	}
	return nil
}

// ask gets words of the server that the flags or the environment name. A server
// that does not answer has none.
func (c *completer) ask(about func(*admin.Client) ([][2]string, error)) [][2]string {
	value := func(name, variable, otherwise string) string {
		if d := c.flags.Lookup(name); d != nil && d.Value.String() != "" {
			return d.Value.String()
		}
		if v := c.env.getenv(variable); v != "" {
			return v
		}
		return otherwise
	}
	client, err := newAdmin(value("server", "REDIAL_SERVER", localServer), strings.TrimSpace(value("token", "REDIAL_TOKEN", "")), "")
	if err != nil {
		return nil
	}
	words, _ := about(client)
	return words
}

func (c *completer) rooms(a *admin.Client) ([][2]string, error) {
	names, err := roomNames(c.ctx, a)
	return plain(names), err
}

func (c *completer) peers(a *admin.Client) ([][2]string, error) {
	room, err := findRoom(c.ctx, a, c.written("room"))
	if room == "" || err != nil {
		return nil, err
	}
	peers, err := a.ActiveRooms.Peers(c.ctx, room, admin.PeerFilter{})
	var out [][2]string
	for _, id := range slices.Sorted(maps.Keys(peers)) {
		out = append(out, [2]string{id, peers[id].Name + ", " + peers[id].Role})
	}
	return out, err
}

func (c *completer) sessions(a *admin.Client) ([][2]string, error) {
	room, err := findRoom(c.ctx, a, c.written("room"))
	if err != nil {
		return nil, err
	}
	page, err := a.Sessions.List(c.ctx, admin.SessionFilter{RoomID: room})
	var out [][2]string
	for _, s := range page.Data {
		out = append(out, [2]string{s.ID, c.env.local(s.CreatedAt).Format(time.DateTime)})
	}
	return out, err
}

func (c *completer) roles(a *admin.Client) ([][2]string, error) {
	page, err := a.Templates.List(c.ctx, admin.TemplateFilter{})
	roles := map[string]bool{}
	for _, t := range page.Data {
		for name := range t.Roles {
			roles[name] = true
		}
	}
	return plain(slices.Sorted(maps.Keys(roles))), err
}

func (c *completer) injections(a *admin.Client) ([][2]string, error) {
	list, err := a.Injections.List(c.ctx)
	var out [][2]string
	for _, r := range list.Injections {
		out = append(out, [2]string{r.ID, r.Fault + ", " + whom(r)})
	}
	return out, err
}

func (c *completer) mechanisms(a *admin.Client) ([][2]string, error) {
	list, err := a.Injections.List(c.ctx)
	var out [][2]string
	for _, m := range list.Mechanisms {
		out = append(out, [2]string{m.Name, m.About})
	}
	return out, err
}

// written is the value of a flag, or "".
func (c *completer) written(name string) string {
	if d := c.flags.Lookup(name); d != nil {
		return d.Value.String()
	}
	return ""
}

// kinds are the faults.
func kinds() [][2]string {
	var out [][2]string
	for _, k := range fault.All() {
		out = append(out, [2]string{k.ID, k.Title})
	}
	return out
}

// explainable is everything that the catalogue can be asked about.
func explainable() [][2]string {
	return append(kinds(), plain(codesOf(nil))...)
}

func plain(words []string) [][2]string {
	var out [][2]string
	for _, w := range words {
		out = append(out, [2]string{w, ""})
	}
	return out
}

// starting leaves the words that begin with what is written.
func starting(words [][2]string, with string) [][2]string {
	return slices.DeleteFunc(words, func(w [2]string) bool { return !strings.HasPrefix(w[0], with) })
}
