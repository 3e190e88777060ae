-- Asks Deemster about a request, for HAProxy 2.6 and later. Used by `http-request lua.deemster`.
--
-- A permit is one thing only: a 200 from Deemster. Then txn.deemster_permits is set, and the
-- configuration may choose a backend by it. Everything else, an error in here included, leaves it
-- unset: the request is answered from here, or ends in the default backend.

-- Copied from a permit into the request; a header that is not answered is removed.
-- As `identityHeaders` of deemster.yaml, and `copies` of the profile.
local COPIED = { "x-auth-user", "x-auth-client", "x-auth-scope" }

local SECRET_HEADER = "client-token"
local SECRET = os.getenv("DEEMSTER_SECRET")
local DEEMSTER = "abns@deemster" -- `listen deemster` of haproxy.cfg
local LONGEST_WAIT_MS = 9000     -- longer than that listener takes with its retry

-- With more fields than tune.http.maxhdr (101 unless it is set) its HTTP client ends the process:
-- stay well below, and raise both together.
local MOST_FIELDS = 96

if SECRET == nil or #SECRET < 32 then
  error("the environment variable DEEMSTER_SECRET must hold the secret of deemster.yaml")
end

-- Of the connection between client and HAProxy, or said by us.
local NOT_PASSED_ON = {
  ["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true,
  ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true,
  ["transfer-encoding"] = true, ["upgrade"] = true,
  ["x-original-method"] = true, ["x-original-uri"] = true, ["x-original-connection"] = true,
  ["x-forwarded-proto"] = true, ["x-forwarded-host"] = true, ["x-forwarded-for"] = true,
  [SECRET_HEADER] = true,
}

-- Of a deny: what the client is told.
local TOLD = { "content-type", "www-authenticate", "retry-after", "cache-control" }

local function values_of(fields)
  local values, index = {}, 0
  while fields[index] ~= nil do
    values[#values + 1] = fields[index]
    index = index + 1
  end
  return values
end

-- The header fields to ask with; nil where there are too many.
local function question(txn)
  local asked, count = {}, 0
  local sent = txn.http:req_get_headers()
  for name, fields in pairs(sent) do
    if not NOT_PASSED_ON[name] then
      asked[name] = values_of(fields)
      count = count + #asked[name]
    end
  end
  if count > MOST_FIELDS - 10 then -- eight of ours, two of the client's
    return nil
  end
  if sent["connection"] ~= nil then
    asked["x-original-connection"] = { table.concat(values_of(sent["connection"]), ", ") }
  end
  asked["host"] = { "deemster" }
  asked["x-original-method"] = { txn.f:method() }
  asked["x-original-uri"] = { txn.f:pathq() }
  asked["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
  asked["x-forwarded-host"] = { txn.f:req_fhdr("host") }
  asked["x-forwarded-for"] = { txn.f:src() }
  asked[SECRET_HEADER] = { SECRET }
  return asked
end

local function refuse(txn, answer)
  local reply = txn:reply({ status = answer.status })
  for _, name in ipairs(TOLD) do
    for _, value in ipairs(answer.headers[name] or {}) do
      reply:add_header(name, value)
    end
  end
  reply:set_body(answer.body)
  txn:done(reply)
end

local JSON = { ["content-type"] = { "application/json" }, ["cache-control"] = { "no-store" } }
local LATER = { ["content-type"] = JSON["content-type"], ["cache-control"] = JSON["cache-control"],
  ["retry-after"] = { "1" } }
local UNAVAILABLE = { status = 503, headers = LATER, body = '{"code":"dependency-unavailable",'
  .. '"message":"the decision is not available at the moment"}' }
local TOO_MANY = { status = 431, headers = JSON, body = '{"code":"too-large",'
  .. '"message":"there are too many header fields"}' }

local function ask(txn)
  local fields = question(txn)
  if fields == nil then
    return TOO_MANY
  end
  local answer = core.httpclient():get({
    url = "http://deemster/forward-auth/haproxy",
    dst = DEEMSTER,
    headers = fields,
    timeout = LONGEST_WAIT_MS,
  })
  local headers = {}
  for name, values in pairs(answer.headers or {}) do
    headers[name] = values_of(values)
  end
  return { status = answer.status, headers = headers, body = answer.body or "" }
end

core.register_action("deemster", { "http-req" }, function(txn)
  txn:unset_var("txn.deemster_permits")
  local went_well, answer = pcall(ask, txn)
  if not went_well then
    core.log(core.err, "deemster: " .. tostring(answer))
    answer = UNAVAILABLE
  end
  if answer.status == 200 then
    for _, name in ipairs(COPIED) do
      txn.http:req_del_header(name)
      for _, value in ipairs(answer.headers[name] or {}) do
        txn.http:req_add_header(name, value)
      end
    end
    txn:set_var("txn.deemster_permits", true)
  elseif answer.status >= 400 and answer.status < 500 then
    refuse(txn, answer)
  elseif answer.status == 503 and answer.headers["x-decision-id"] ~= nil then
    refuse(txn, answer) -- Deemster's own, with the reason
  else
    refuse(txn, UNAVAILABLE)
  end
end, 0)
