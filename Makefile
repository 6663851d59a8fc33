# `make` lists what there is. Everything is a thin name for a command that also
# works on its own.
.DEFAULT_GOAL := help
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
export GOFLAGS ?= -buildvcs=false
E2E := e2e/node_modules/.bin/playwright test -c e2e

.PHONY: soak-media bench-room bench-links svc bench-console bench-restart e2e-pion unit-pion ten-minutes release image packaging replays diagnosis attack screenshot scenarios bench-inject bench-crowd bench-first-frame bench-join bench-media help install check test unit race e2e e2e-long openvidu-apps opentok-apps matrix fuzz bench bench-events soak soak-events clickhouse-replicated soak-turn kill lint fmt docs web run

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install what the tests need and is missing
	scripts/install.sh

check test: ## everything CI runs, in one go
	scripts/test.sh

unit: ## the Go tests without the race detector
	go test ./...

race: ## all Go tests with the race detector; the test command leaves out programs and documents
	go test -race -gcflags='modernc.org/...=-race=false' ./...

e2e: install ## real SDKs in Chromium and Firefox against a real server; one scenario: make e2e NAME=chat
	REDIAL_E2E_NAME='$(NAME)' $(E2E)

screenshot: install ## take the picture of the README, a call whose server has been killed
	REDIAL_E2E_SCREENSHOT=$(CURDIR)/docs/call.jpg REDIAL_E2E_NAME=demo-reconnect $(E2E)
openvidu-apps: install ## three tutorial apps of OpenVidu 2, unchanged: make openvidu-apps DIR=/path/to/openvidu-tutorials
	REDIAL_OPENVIDU_APPS='$(DIR)' e2e/node_modules/.bin/playwright test -c e2e/apps.config.ts apps/openvidu.apps

opentok-apps: install ## six public suites and apps for OpenTok, unchanged, fetched into a folder outside of this one: make opentok-apps DIR=...; one: ARGS='-g webinar'
	scripts/opentok-apps.sh '$(DIR)' $(ARGS)

matrix: install ## every documented error of 100ms, Sceenic and OpenTok in a real client, writes docs/error-matrix.md; one row: make matrix ROW=S013
	$(if $(ROW),REDIAL_E2E_NAME='$(ROW)',REDIAL_E2E_NAME=matrix REDIAL_E2E_MATRIX=$(CURDIR)/docs/error-matrix.md) $(E2E)

ten-minutes: install ## docs/vps.md from a bare machine to a call, with the package as it is released, and how long each part takes (as root)
	REDIAL_E2E_LONG=1 REDIAL_E2E_SHOW=1 REDIAL_E2E_NAME=vps $(E2E)

e2e-long: install ## all scenarios, the long forms as well (as root); some: make e2e-long NAME=prebuilt
	REDIAL_E2E_LONG=1 REDIAL_E2E_NAME='$(NAME)' $(E2E)

unit-pion: ## the tests of the media layer with pion/webrtc for all connections (3 min)
	SFU_TRANSPORT=pion go test ./internal/sfu

svc: ## scalable video of VP9 and AV1 from and to Chromium, in all modes that are tested, and behind a thin line (6 min)
	SFU_MODES=all go test -run 'SVC' ./internal/sfu

e2e-pion: install ## scenarios with pion/webrtc for all connections; some: make e2e-pion NAME=core-call
	REDIAL_E2E_TRANSPORT=pion REDIAL_E2E_NAME='$(NAME)' $(E2E)

flaky: install ## bad networks in a browser, the long forms as well (as root)
	REDIAL_E2E_LONG=1 REDIAL_E2E_NAME=flaky $(E2E)

replays: install ## provoke causes of failures for real, into recordings under internal/diagnose/testdata (as root, 15 min); one: make replays NAME=stall
	rm -rf build/replays && REDIAL_REPLAYS=$(CURDIR)/build/replays REDIAL_E2E_NAME='$(NAME)' $(E2E)/why.config.ts
	go run ./e2e/cases build/replays internal/diagnose/testdata

diagnosis: ## explain all recordings of failures and write how often the cause is right into docs/diagnosis.md
	go test ./internal/diagnose/recording -count=1 -run TestRulesTellCausesRight -v -write $(CURDIR)/docs/diagnosis.md

fuzz: ## every fuzz target for 10 s; longer: make fuzz TIME=5m
	scripts/fuzz.sh $(or $(TIME),10s)

bench: ## the benchmarks, with allocations
	go test -run '^$$' -bench . -benchmem ./...

bench-events: ## events: ingest, pages and summaries of 10 million, into docs/benchmarks.md; keep them: DIR=...; short: ARGS='-events 200000'; beside others: PEERS=postgres,clickhouse
	go run ./bench/events -write docs/benchmarks.md $(if $(DIR),-dir $(DIR)) $(if $(PEERS),-peers $(PEERS)) $(ARGS)

attack: ## flood a server of its own and print what that costs it and an honest call, into docs/security.md; one flood: make attack NAME=chat
	go run ./internal/attack $(if $(NAME),-name $(NAME),-write docs/security.md) $(ARGS)

soak: soak-events clickhouse-replicated ## the long forms: 500 joins, outages of up to a minute (as root), and soak-events and clickhouse-replicated
	go test -race -run 'LeaveNothing|NetworkIsLost|MediaIsLost' -timeout 30m -v ./client -long
	go test -run '^$$' -bench Recovery -timeout 30m ./client -long

soak-events: ## kill the writers of events 100 times, and fill their disk
	go test -run 'Killed|Full' -timeout 30m -v ./internal/event/sqlite ./internal/event/spool -kills 100

clickhouse-replicated: ## events in two ClickHouse servers that are replicas of each other: each is killed while events are shipped (1 min; as root where ZooKeeper is missing)
	scripts/clickhouse.sh install
	scripts/zookeeper.sh install
	go test -count 1 -run TestReplicas -timeout 10m -v ./internal/event/clickhouse -replicas

soak-media: ## forward to 60 viewers for an hour and look whether the server's memory stays flat; shorter: make soak-media TIME=5m
	go run ./bench/media -soak $(or $(TIME),1h)

soak-turn: ## relay 1,000 packets a second over TURN for 30 minutes and look whether memory stays flat; shorter: make soak-turn TIME=2m
	go test -count 1 -run TestRelayingKeepsNothing -timeout 3h -v ./internal/turn -soak $(or $(TIME),30m)

kill: ## kill the server with -9 at the moment of an acknowledgement, until 200 of each kind of write were (5 min)
	go test -run TestAcknowledgedIsKept -timeout 40m -v ./cmd/redial -acks $(or $(N),200)

bench-inject: ## what the hooks of provoked faults cost while nothing is provoked, counting packets for the record, packets to ourselves and devices' reports, in per cent (5 min)
	go test -run '^$$' -bench BenchmarkInject -benchtime 3000x ./internal/sfu ./internal/report

bench-restart: ## 20 calls while the service is restarted, and killed with -9: how long until media flows again, into docs/benchmarks.md (3 min)
	go run ./bench/restart -write docs/benchmarks.md $(ARGS)

bench-join: ## joining and the first media by the 100ms wire and by OpenVidu's, in turn (1 min)
	go test -run '^$$' -bench JoinByWire -benchtime 40x -v ./client | grep -E 'median|^ok|FAIL'

bench-media: ## what forwarding media costs and how long joining takes, with both of our transports, beside a checkout of LiveKit's server: LIVEKIT=DIR; into docs/benchmarks.md (20 min)
	go run ./bench/media -write docs/benchmarks.md $(if $(LIVEKIT),-livekit $(LIVEKIT)) $(ARGS)

bench-links: ## what viewers get behind links that are narrow, change, lose, delay, reorder or police, and on a busy machine, beside a checkout of LiveKit's server: LIVEKIT=DIR; into docs/benchmarks.md and docs/links (25 min)
	go run ./bench/media -links -rounds 1 -write docs/benchmarks.md $(if $(LIVEKIT),-livekit $(LIVEKIT)) $(ARGS)

bench-room: ## what a room of 200 publishers and 1,000 viewers costs the server, and how long and large a join of it is, into docs/benchmarks.md (5 min); other: ARGS='-publishers 50 -viewers 200'
	go run ./bench/media -room -write docs/benchmarks.md $(ARGS)

bench-first-frame: install ## from joining to the first picture with the 100ms SDK and with the OpenTok library, in turn, on one server (2 min); other: N=40
	REDIAL_E2E_ROUNDS=$(or $(N),20) REDIAL_E2E_NAME=first-frame $(E2E)

bench-console: install ## how long a person waits for each page of the console, in Chromium, of a server with 10 million events, into docs/benchmarks.md (10 min, and an hour to make the events first; they stay in DIR): DIR=...
	go run ./bench/events -only console -dir $(DIR) $(ARGS)
	REDIAL_E2E_HISTORY=$(abspath $(DIR))/$(or $(EVENTS),10000000) REDIAL_E2E_ROUNDS=$(or $(N),20) REDIAL_E2E_CROWD=198 REDIAL_E2E_WATCHED=10 REDIAL_E2E_WRITE=$(CURDIR)/docs/benchmarks.md REDIAL_E2E_NAME=console-speed $(E2E)

bench-crowd: install ## a full room: the size and time of a join, in the SDK and in the Go client, with 198 publishers (2 min); other: N=60
	REDIAL_E2E_CROWD=$(or $(N),198) REDIAL_E2E_NAME=crowd $(E2E)

scenarios: ## play every ready scenario of faults, at its own speed, with real clients (80 s)
	go test -run TestReadyScenarios -timeout 10m -v ./cmd/redial -long

packaging: ## the Compose file and the Helm chart, read by Compose's and Helm's own libraries (5 min until these are compiled)
	go -C packaging/check test ./...

release: packaging ## everything that a version consists of, into build/release: make release VERSION=v0.2.0
	go -C release run . -version '$(VERSION)'

image: ## the OCI image alone, for this machine's platform: make image VERSION=v0.2.0
	go -C release run . -version '$(VERSION)' -only image -targets linux/$(shell go env GOARCH)

lint: ## go vet and staticcheck
	go vet ./...
	go run $(STATICCHECK) ./...

fmt: ## format the Go code
	gofmt -w $$(git ls-files -co --exclude-standard -- '*.go')

docs: ## write the generated pages under docs/ (the tests fail when they drift) and, into build, a page for each fault and the web site
	go generate ./fault
	go test ./internal/config ./internal/faultdoc ./internal/diagnose -update
	go test ./internal/server -run "TestMetricsPage|TestDashboardFiles" -update
	go run ./cmd/redial faults -write build/docs/faults
	go run ./cmd/redial docs build/site

web: install ## build the embedded pages
	npm --prefix web run build

run: ## a call on this machine, no configuration
	go run ./cmd/redial dev
