-- What Quarto does to a document's tree that pandoc does not: numbered figures and tables with
-- references to them, callouts, content for one format, columns.

local numbers, kinds = {}, { fig = "Figure", tbl = "Table" }
local counts = { fig = 0, tbl = 0 }
local html = FORMAT:match("html") ~= nil

local function raw(text)
  return pandoc.RawBlock(html and "html" or "typst", text)
end

local function kind_of(id)
  return id:match("^(fig)%-") or id:match("^(tbl)%-")
end

local function number(div)
  local kind = kind_of(div.identifier)
  if kind then
    counts[kind] = counts[kind] + 1
    numbers[div.identifier] = counts[kind]
  end
end

-- The last paragraph of a figure or table div is its caption, as in Quarto.
local function float(div)
  local kind = kind_of(div.identifier)
  local last = div.content[#div.content]
  if not last or last.t ~= "Para" then
    error("figure or table #" .. div.identifier .. " has no caption paragraph")
  end
  local caption, content = last.content, { table.unpack(div.content, 1, #div.content - 1) }
  local blocks = pandoc.List()
  if html then
    local label = pandoc.Span({ pandoc.Str(kinds[kind] .. "\u{a0}" .. numbers[div.identifier] .. ":") },
      pandoc.Attr("", { "float-label" }))
    local words = pandoc.List({ raw("<figcaption>"),
      pandoc.Plain(pandoc.List({ label, pandoc.Space() }) .. caption), raw("</figcaption>") })
    blocks:insert(raw('<figure class="float float-' .. kind .. '" id="' .. div.identifier .. '">'))
    if kind == "tbl" then blocks:extend(words) end
    blocks:extend(content)
    if kind == "fig" then blocks:extend(words) end
    blocks:insert(raw("</figure>"))
  else
    local place = kind == "tbl" and "top" or "bottom"
    -- Quarto sets a figure in a block of its own, and a table not: their distances differ by that.
    if kind == "fig" then blocks:insert(raw("#block[")) end
    blocks:insert(raw('#figure(kind: "quarto-float-' .. kind .. '", supplement: [' .. kinds[kind]
      .. "], caption: figure.caption(position: " .. place .. ", ["))
    blocks:insert(pandoc.Plain(caption))
    blocks:insert(raw("]), ["))
    blocks:extend(content)
    blocks:insert(raw("])<" .. div.identifier .. ">"))
    if kind == "fig" then blocks:insert(raw("]")) end
  end
  return blocks
end

local function callout(div, kind)
  local title = div.attributes.title
  local words = pandoc.List({ pandoc.Str(title or (kind:gsub("^%l", string.upper))) })
  local content = div.content
  if not title and content[1] and content[1].t == "Header" then
    words = content[1].content
    content = { table.unpack(content, 2) }
  end
  local blocks = pandoc.List()
  if html then
    blocks:insert(raw('<div class="callout callout-' .. kind .. '" role="note"><p class="callout-title">'))
    blocks:insert(pandoc.Plain(words))
    blocks:insert(raw('</p>'))
    blocks:extend(content)
    blocks:insert(raw("</div>"))
  else
    blocks:insert(raw('#callout("' .. kind .. '", ['))
    blocks:insert(pandoc.Plain(words))
    blocks:insert(raw("], ["))
    blocks:extend(content)
    blocks:insert(raw("])"))
  end
  return blocks
end

local function visible(div)
  local wanted = div.attributes["when-format"]
  if not wanted then error("a content-visible or content-hidden div needs when-format") end
  local here = wanted == (html and "html" or "typst")
  if div.classes:includes("content-hidden") then here = not here end
  return here and div.content or {}
end

-- Cells side by side: an even grid, or columns with their own widths.
local function grid(cells, widths)
  local blocks = pandoc.List()
  if html then
    local tracks = pandoc.List(widths):map(function(w) return w and "minmax(0," .. w .. ")" or "minmax(0,1fr)" end)
    blocks:insert(raw('<div class="columns" style="--tracks:' .. table.concat(tracks, " ") .. '">'))
    for _, cell in ipairs(cells) do
      blocks:insert(raw('<div class="column">'))
      blocks:extend(cell)
      blocks:insert(raw("</div>"))
    end
    blocks:insert(raw("</div>"))
  else
    local tracks = pandoc.List(widths):map(function(w) return w or "1fr" end)
    blocks:insert(raw("#grid(columns: (" .. table.concat(tracks, ", ") .. ",), gutter: 10pt,"))
    for _, cell in ipairs(cells) do
      blocks:insert(raw("["))
      blocks:extend(cell)
      blocks:insert(raw("],"))
    end
    blocks:insert(raw(")"))
  end
  return blocks
end

local function contents(block)
  return block.t == "Div" and block.content or pandoc.List({ block })
end

local function even(div)
  local columns, cells, widths = tonumber(div.attributes["layout-ncol"]), {}, {}
  for _, block in ipairs(div.content) do table.insert(cells, contents(block)) end
  for _ = 1, columns do table.insert(widths, false) end
  return grid(cells, widths)
end

local function columns(div)
  local cells, widths = {}, {}
  for _, block in ipairs(div.content) do
    if block.t == "Div" and block.classes:includes("column") then
      local width = block.attributes.width
      table.insert(cells, block.content)
      table.insert(widths, width and (tonumber((width:gsub("%%", ""))) .. "fr") or false)
    end
  end
  return grid(cells, widths)
end

local function div(block)
  for _, class in ipairs(block.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then return callout(block, kind) end
    if class == "content-visible" or class == "content-hidden" then return visible(block) end
    if class == "columns" then return columns(block) end
  end
  if block.attributes["layout-ncol"] then return even(block) end
  if kind_of(block.identifier) then return float(block) end
  return nil
end

local function reference(cite)
  local id = cite.citations[1].id
  local kind = kind_of(id)
  if not kind then return nil end
  if not numbers[id] then error("cross-reference @" .. id .. " has no figure or table") end
  local words = kinds[kind] .. "\u{a0}" .. numbers[id]
  if html then return pandoc.Link({ pandoc.Str(words) }, "#" .. id) end
  return pandoc.RawInline("typst", "#ref(<" .. id .. ">);")
end

return { { Div = number }, { Div = div, Cite = reference } }
