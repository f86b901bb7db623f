-- Sends requests made from a template: `{n}` in a path or body is a number that no other request of
-- this run has. Arguments: method, file of paths, file of the body or "-", ports with commas.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

local function lines(name)
  local found = {}
  for line in io.lines(name) do found[#found + 1] = line end
  return found
end

function init(args)
  method, paths, body = args[1], lines(args[2]), nil
  if args[3] ~= "-" then
    local file = io.open(args[3], "rb")
    body = file:read("*a")
    file:close()
  end
  local ports = {}
  for port in args[4]:gmatch("%d+") do ports[#ports + 1] = port end
  wrk.thread.addr = wrk.lookup("127.0.0.1", ports[number % #ports + 1])[1]
  prefix, sent = args[5] .. "-" .. number .. "-", 0
  math.randomseed(number + 1)
end

function request()
  sent = sent + 1
  local n = prefix .. sent
  local path = paths[math.random(#paths)]:gsub("{n}", n)
  return wrk.format(method, path, nil, body and body:gsub("{n}", n) or nil)
end

function done(summary, latency)
  local at = function(p) return latency:percentile(p) / 1000 end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.3f,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, at(50), at(99)))
end
