"""Uses one MCP server through a command, and prints what it saw as JSON.

python python_client.py client|session COMMAND ARGUMENT...
"""

import asyncio
import json
import sys

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

kind, command, *arguments = sys.argv[1:]
server = StdioServerParameters(command=command, args=arguments)
echo = {"message": "from Python"}


async def with_client() -> dict[str, object]:
    async with Client(server) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("echo", echo)
        return {
            "version": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "text": answer.content[0].text,
        }


async def with_session() -> dict[str, object]:
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        started = await session.initialize()
        tools = await session.list_tools()
        answer = await session.call_tool("echo", echo)
        return {
            "version": started.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "text": answer.content[0].text,
        }


print(json.dumps(asyncio.run(with_client() if kind == "client" else with_session())))
