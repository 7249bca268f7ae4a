import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import './viewer.css';

function Viewer(props: { title: string }) {
  return (
    <>
      <header className="header">
        <h1>{props.title}</h1>
      </header>
      <main className="content" aria-busy="true">
        <p role="status">Loading</p>
      </main>
    </>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Viewer title={document.title} />
    </StrictMode>
  );
}
