import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { serve } from '../../../core/host/serve.ts'
import { servedSmallApp } from './served.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function served() {
  const s = await servedSmallApp()
  cleanUps.push(s.close)
  return s
}

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 })
    const answer = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket.on('connect', () => answer(true))
    socket.on('error', () => answer(false))
    socket.on('timeout', () => answer(false))
  })
}

test('L07 only the loopback address is bound', async () => {
  const s = await served()
  expect(await reaches('127.0.0.1', s.port)).toBe(true)
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ address, family }) => address !== '127.0.0.1' && !(family === 'IPv6' && address.startsWith('fe80')))
    .map(({ address }) => address)
  for (const address of [...others, '127.0.0.2']) {
    expect({ address, reached: await reaches(address, s.port) }).toEqual({ address, reached: false })
  }
})

test('the address has the token in its fragment, 256 bits of it, new for each server', async () => {
  const [one, two] = [await served(), await served()]
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[A-Za-z0-9_-]{43}$/)
  expect(one.token).not.toBe(two.token)
  const cross = await two.ask({ path: '/api/events', headers: [['Cookie', `attune-${two.port}=${one.cookie[1]}`]] })
  expect(cross.status).toBe(401)
})

test('an asked-for port that is taken is said; otherwise a free one is found', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  cleanUps.push(() => blocker.close())
  const { port } = blocker.address() as AddressInfo
  const s = await served()
  const options = { app: s.app as never, home: s.home, staticDir: s.staticDir }
  await expect(serve({ ...options, port })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`Port ${port} is in use`),
  })
  for (let count = 0; count < 2; count += 1) {
    const any = await serve(options)
    cleanUps.push(any.close)
    expect(any.port).toBeGreaterThan(0)
  }
})

test('a closed server answers no more', async () => {
  const s = await served()
  await s.close()
  cleanUps.pop()
  expect(await reaches('127.0.0.1', s.port)).toBe(false)
})
